"""The reference evaluator: what the IR means, in the most direct way.

It computes with the values that CPython holds (Index, Enum, Record, Map, Set …, frozen), builds
a new value for every change, and knows nothing of layouts.  It is slow and short, and every
faster engine must agree with it.  Traces that engines find are replayed here before anyone sees
them.  The meaning of each operator is in `operators`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checker.language.ir import (
    Action,
    Apply,
    Assert,
    Assign,
    At,
    Between,
    Bind,
    Choose,
    Const,
    Domain,
    Elements,
    Expr,
    Fit,
    Fold,
    For,
    Get,
    If,
    Inject,
    IsA,
    Let,
    Listed,
    Make,
    Op,
    Program,
    Project,
    Property,
    Reduce,
    Refinement,
    Require,
    Some,
    Source,
    Stmt,
    Table,
    Undefined,
    Unwrap,
    Var,
)
from checker.language.machine import Snapshot
from checker.language.marks import Disabled
from checker.language.operators import (
    FOLDS,
    OPERATORS,
    collection,
    fit,
    present,
    projected,
    within,
)
from checker.language.outcomes import BoundReached, Defect, Outcome, Start, Successor
from checker.language.types import MapType, RecordType, bound_name
from checker.language.values import Map, Seq, freeze

Env = dict[str, Any]


class Evaluator:
    """Runs a program.  States are Snapshots; nothing here changes one."""

    def __init__(self, program: Program) -> None:
        self.program = program

    def initial(self) -> Iterator[Start]:
        """Every initial state, once for each choice that makes it."""
        for outcome in self.starts():
            if outcome.defect is not None:
                raise outcome.defect
            if outcome.state is not None:
                yield Start(outcome.action.name, outcome.arguments, outcome.state)

    def starts(self) -> Iterator[Outcome]:
        """What comes of every way to start."""
        if not self.program.initials:
            nothing = Action("", (), (), "the fields' defaults", None, None, None)
            yield Outcome(nothing, {}, self.program.start)
        for action in self.program.initials:
            yield from self._try(action, self.program.start)

    def successors(self, state: Snapshot) -> Iterator[Successor]:
        """Every step from `state`; Defect where an action has one."""
        for outcome in self.outcomes(state):
            if outcome.defect is not None:
                raise outcome.defect
            if outcome.state is not None:
                yield Successor(outcome.action, outcome.arguments, outcome.state)

    def outcomes(self, state: Snapshot) -> Iterator[Outcome]:
        """What comes of every action with every choice, where it is possible."""
        for action in self.program.actions:
            yield from self._try(action, state)

    def _try(self, action: Action, state: Snapshot) -> Iterator[Outcome]:
        if action.impossible:  # whatever stands before the guard that is never true
            return
        for choice in self._chosen(action, state, {}):
            if isinstance(choice, Outcome):
                yield choice
                continue
            try:
                after = self.run(action, state, choice)
            except BoundReached as reached:
                yield Outcome(action, choice, bound=reached.bound)
            except Defect as defect:
                yield Outcome(action, choice, defect=defect)
            else:
                if after is not None:
                    yield Outcome(action, choice, after)

    def choices(self, action: Action, state: Snapshot) -> Iterator[dict[str, Any]]:
        """Every combination of arguments, guards aside.

        Defect, BoundReached where it cannot be computed what a parameter is chosen from.
        """
        for choice in self._chosen(action, state, {}):
            if not isinstance(choice, Outcome):
                yield choice
            elif choice.defect is not None:
                raise choice.defect
            else:
                raise BoundReached(choice.bound or "")

    def _chosen(
        self, action: Action, state: Snapshot, chosen: dict[str, Any]
    ) -> Iterator[dict[str, Any] | Outcome]:
        """Combinations of arguments that begin with `chosen`, or why there are none."""
        if len(chosen) == len(action.parameters):
            yield chosen
            return
        parameter = action.parameters[len(chosen)]
        try:
            values = list(distinct(iterate(parameter.source, {"self": state, **chosen})))
        except BoundReached as reached:
            yield Outcome(action, chosen, bound=reached.bound)
        except Defect as defect:
            yield Outcome(action, chosen, defect=defect)
        else:
            for value in values:
                yield from self._chosen(action, state, {**chosen, parameter.name: value})

    def run(self, action: Action, state: Snapshot, arguments: Mapping[str, Any]) -> Snapshot | None:
        """The state after the action, or None where a guard fails; Defect, BoundReached."""
        env: Env = {"self": state, **arguments}
        try:
            execute(action.body, env)
        except Disabled:
            return None
        after: Snapshot = env["self"]
        return after

    def holds(
        self,
        prop: Property,
        state: Snapshot,
        after: Snapshot | None = None,
        arguments: Mapping[str, Any] | None = None,
    ) -> bool:
        """Whether a property is true in a state (of a step, for a step property); Defect."""
        return bool(evaluate(prop.test, {"self": state, "after": after, **(arguments or {})}))

    def abstract(self, refinement: Refinement, state: Snapshot) -> Snapshot:
        """The state of the specification that `state` is read as; Defect."""
        env: Env = {"self": state, "spec": refinement.spec.start}
        execute(refinement.body, env)
        found: Snapshot = env["spec"]
        return found


# ------------------------------------------------------------ statements


def execute(body: tuple[Stmt, ...], env: Env) -> None:
    """Run statements, changing `env`; Disabled where a guard fails; Defect, BoundReached."""
    for statement in body:
        match statement:
            case Require(_, test):
                if not evaluate(test, env):
                    raise Disabled
            case Assert(span, test, message):
                if not evaluate(test, env):
                    raise Defect(message, span)
            case Let(_, name, value):
                env[name] = evaluate(value, env)
            case Assign(_, place, value):
                new = evaluate(value, env)
                write(place, new, env)
            case If(_, test, then, other):
                execute(then if evaluate(test, env) else other, env)
            case For(_, name, source, inside):
                for item in list(iterate(source, env)):
                    env[name] = item
                    execute(inside, env)
            case _:
                raise TypeError(f"{statement} is not a statement")


def write(place: Expr, value: Any, env: Env) -> None:
    """Put a value at a place: rebuild everything that contains it."""
    match place:
        case Var(name=name):
            env[name] = value
        case Get(base=base, name=name):
            whole = evaluate(base, env)
            content = tuple((n, value if n == name else v) for n, v in whole.content)
            write(base, Snapshot(whole.cls, content), env)
        case At(base=base, key=key, span=span):
            whole, at = evaluate(base, env), evaluate(key, env)
            if isinstance(whole, Map):
                changed = {k: value if k == at else v for k, v in whole.items()}
                write(base, freeze(Map(changed)), env)
            else:
                items = list(whole)
                within(at, len(items), span)
                items[at] = value
                write(base, freeze(Seq(items)), env)
        case _:
            raise TypeError(f"{place} is not a place")


# ------------------------------------------------------------ expressions


def evaluate(expr: Expr, env: Env) -> Any:  # noqa: C901, PLR0911, PLR0912 - one case a node
    """The value of an expression; Defect, BoundReached."""
    match expr:
        case Const(value=value):
            return value
        case Var(name=name):
            return env[name]
        case Get(base=base, name=name):
            return getattr(evaluate(base, env), name)
        case At(base=base, key=key, span=span):
            whole, at = evaluate(base, env), evaluate(key, env)
            if isinstance(whole, Seq):
                within(at, len(whole), span)
            return whole[at]
        case Apply(op=Op.AND, args=(left, right)):
            return evaluate(left, env) and evaluate(right, env)
        case Apply(op=Op.OR, args=(left, right)):
            return evaluate(left, env) or evaluate(right, env)
        case Apply(op=op, args=args):
            return OPERATORS[op](expr, *(evaluate(argument, env) for argument in args))
        case Choose(test=test, then=then, other=other):
            return evaluate(then if evaluate(test, env) else other, env)
        case Bind(name=name, value=value, body=body):
            return evaluate(body, {**env, name: evaluate(value, env)})
        case Make(type=RecordType(cls=cls), args=args):
            return cls(*(evaluate(argument, env) for argument in args))
        case Table(type=MapType(key=key), name=name, body=body):
            keys = key.universe()
            return freeze(Map({key: evaluate(body, {**env, name: key}) for key in keys}))
        case Listed(type=kind, items=items):
            return collection(kind, [evaluate(item, env) for item in items])
        case Reduce():
            return _reduce(expr, env)
        case Some(value=value) | Inject(value=value):
            return evaluate(value, env)
        case Unwrap(value=value, span=span):
            return present(evaluate(value, env), span)
        case IsA(value=value, option=option):
            return type(evaluate(value, env)) is option.cls
        case Project(value=value, type=kind, span=span):
            return projected(evaluate(value, env), kind, span)
        case Fit(value=value, type=kind, span=span):
            return fit(evaluate(value, env), kind, span)
        case Undefined(message=message, span=span):
            raise Defect(message, span)
        case _:
            raise TypeError(f"{expr} is not an expression")


def iterate(source: Source, env: Env) -> Iterator[Any]:
    """The elements of a source: in the order of the type's numbers, sequences in their own."""
    match source:
        case Domain(item):
            yield from item.universe()
        case Elements(whole, _):
            yield from evaluate(whole, env)
        case Between(start, stop):
            yield from range(evaluate(start, env), evaluate(stop, env))


def distinct(items: Iterator[Any]) -> Iterator[Any]:
    """Each element once."""
    seen = set()
    for item in items:
        if item not in seen:
            seen.add(item)
            yield item


def _reduce(expr: Reduce, env: Env) -> Any:
    def bodies() -> Iterator[Any]:
        for item in iterate(expr.source, env):
            inner = {**env, expr.name: item}
            if expr.where is None or evaluate(expr.where, inner):
                yield evaluate(expr.body, inner)

    if expr.fold in (Fold.MIN, Fold.MAX):
        found = list(bodies())
        if found:
            return min(found) if expr.fold is Fold.MIN else max(found)
        if expr.default is None:
            raise Defect(f"{expr.fold.value} of nothing", expr.span)
        return evaluate(expr.default, env)
    return FOLDS[expr.fold](expr.type, bodies())


__all__ = [
    "BoundReached", "Defect", "Env", "Evaluator", "Outcome", "Start", "Successor", "bound_name",
    "evaluate", "execute", "iterate",
]  # fmt: skip
