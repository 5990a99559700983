"""The reference evaluator: what the IR means, in the most direct way.

It computes with the values that CPython holds (Index, Enum, Record, Map, Set …, frozen), builds
a new value for every change, and knows nothing of layouts.  It is slow and short, and every
faster engine must agree with it.  Traces that engines find are replayed here before anyone sees
them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.errors import Span
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
from checker.language.machine import Disabled, Snapshot
from checker.language.types import (
    BagType,
    CollectionType,
    IndexType,
    IntType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)
from checker.language.values import Bag, Map, Seq, Set, freeze, order


class Defect(Exception):  # noqa: N818 - a finding about the machine, not an error of the checker
    """Something that must never happen in any machine, with its place in the source."""

    def __init__(self, message: str, span: Span | None) -> None:
        super().__init__(message)
        self.message = message
        self.span = span


class BoundReached(Exception):  # noqa: N818 - an outcome
    """A step that passes a bound, and is not explored."""

    def __init__(self, bound: str) -> None:
        super().__init__(bound)
        self.bound = bound


@dataclass(frozen=True)
class Start:
    """An initial state, and the choices that made it."""

    action: str
    arguments: Mapping[str, Any]
    state: Snapshot


@dataclass(frozen=True)
class Successor:
    """A step that can be taken."""

    action: Action
    arguments: Mapping[str, Any]
    state: Snapshot


@dataclass(frozen=True)
class Outcome:
    """What comes of trying an action: a state, a bound that it passes, or a defect."""

    action: Action
    arguments: Mapping[str, Any] = field(default_factory=dict)
    state: Snapshot | None = None
    bound: str | None = None
    defect: Defect | None = None


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
                write(
                    base, freeze(Map({k: value if k == at else v for k, v in whole.items()})), env
                )
            else:
                items = list(whole)
                _within(at, len(items), span)
                items[at] = value
                write(base, freeze(Seq(items)), env)
        case _:
            raise TypeError(f"{place} is not a place")


def _within(index: int, length: int, span: Span | None) -> None:
    if not 0 <= index < length:
        raise Defect(f"index {index} is outside a sequence of {length}", span)


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
                _within(at, len(whole), span)
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
        case Table(type=kind, name=name, body=body):
            keys = kind.key.universe()  # type: ignore[attr-defined]
            return freeze(Map({key: evaluate(body, {**env, name: key}) for key in keys}))
        case Listed(type=kind, items=items):
            return collection(kind, [evaluate(item, env) for item in items])
        case Reduce():
            return _reduce(expr, env)
        case Some(value=value) | Inject(value=value):
            return evaluate(value, env)
        case Unwrap(value=value, span=span):
            return _present(evaluate(value, env), span)
        case IsA(value=value, option=option):
            return type(evaluate(value, env)) is option.cls
        case Project(value=value, type=kind, span=span):
            return _projected(evaluate(value, env), kind, span)
        case Fit(value=value, type=kind, span=span):
            return fit(evaluate(value, env), kind, span)
        case Undefined(message=message, span=span):
            raise Defect(message, span)
        case _:
            raise TypeError(f"{expr} is not an expression")


def _present(value: Any, span: Span | None) -> Any:
    if value is None:
        raise Defect("None is used as a value", span)
    return value


def _projected(value: Any, kind: Type, span: Span | None) -> Any:
    options = kind.options if isinstance(kind, UnionType) else (kind,)
    if not any(type(value) is option.cls for option in options):  # type: ignore[attr-defined]
        raise Defect(f"{value} is used as {kind}", span)
    return value


def fit(value: Any, kind: Type, span: Span | None) -> Any:
    """`value` as one of a narrower type; BoundReached past a bound, else Defect outside."""
    match kind:
        case IntType(low, high, bound):
            if high is not None and value > high and bound is not None:
                raise BoundReached(bound)
            if (low is not None and value < low) or (high is not None and value > high):
                raise Defect(f"{value} is outside {low}..{high}", span)
        case CollectionType(capacity=capacity):
            if len(value) > capacity:
                raise BoundReached(bound_name(kind))
    return value


def bound_name(kind: CollectionType) -> str:
    """What a capacity is called when it is reached."""
    return kind.bound or f"{kind} of {kind.capacity}"


def collection(kind: Type, items: list[Any]) -> Any:
    """A set, sequence or bag of the elements; BoundReached where there are too many."""
    forms = {SetType: Set, SeqType: Seq, BagType: Bag}
    made = freeze(forms[type(kind)](items))  # type: ignore[abstract, index]
    return fit(made, kind, None)


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
    return _FOLDS[expr.fold](expr.type, bodies())


_FOLDS: Mapping[Fold, Callable[[Type, Iterator[Any]], Any]] = {
    Fold.ANY: lambda _, items: any(items),
    Fold.ALL: lambda _, items: all(items),
    Fold.SUM: lambda _, items: sum(items),
    Fold.SET: lambda kind, items: collection(kind, list(items)),
    Fold.FLAT: lambda kind, items: collection(kind, [x for inner in items for x in inner]),
    Fold.SEQ: lambda kind, items: collection(kind, list(items)),
    Fold.BAG: lambda kind, items: collection(kind, list(items)),
}


def _index(expr: Apply, number: int) -> Any:
    kind = expr.type
    assert isinstance(kind, IndexType)
    if not 0 <= number < kind.size:
        raise Defect(f"there is no {kind}({number})", expr.span)
    return kind.cls(number)


def _removed(expr: Apply, whole: Any, item: Any) -> Any:
    items = list(whole._data)
    if item not in items:
        raise Defect(f"{item} is removed and is not there", expr.span)
    items.remove(item)
    return freeze(type(whole)(items))


def _without_end(expr: Apply, whole: Seq[Any], *, first: bool) -> Any:
    if len(whole) == 0:
        raise Defect("an element is taken from an empty sequence", expr.span)
    items = list(whole)
    return freeze(Seq(items[1:] if first else items[:-1]))


def _prefix(expr: Apply, whole: Seq[Any], length: int) -> Any:
    if length < 0:
        raise Defect(f"a sequence is truncated to {length}", expr.span)
    return freeze(Seq(list(whole)[:length]))


def _less(a: Any, b: Any) -> bool:
    return bool(order(a) < order(b))


OPERATORS: Mapping[Op, Callable[..., Any]] = {
    Op.NOT: lambda _, a: not a,
    Op.EQ: lambda _, a, b: a == b,
    Op.NE: lambda _, a, b: a != b,
    Op.LT: lambda _, a, b: _less(a, b),
    Op.LE: lambda _, a, b: not _less(b, a),
    Op.ADD: lambda _, a, b: a + b,
    Op.SUB: lambda _, a, b: a - b,
    Op.MUL: lambda _, a, b: a * b,
    Op.DIV: lambda _, a, b: a // b,
    Op.MOD: lambda _, a, b: a % b,
    Op.MIN: lambda _, a, b: min(a, b),
    Op.MAX: lambda _, a, b: max(a, b),
    Op.ORDINAL: lambda _, a: int(a) if isinstance(a, bool) else a.position,
    Op.INDEX: _index,
    Op.LEN: lambda _, whole: len(whole),
    Op.CONTAINS: lambda _, whole, item: item in whole,
    Op.COUNT: lambda _, whole, item: whole.count(item),
    Op.SUBSET: lambda _, a, b: a <= b,
    Op.UNION: lambda _, a, b: freeze(a | b),
    Op.INTERSECT: lambda _, a, b: freeze(a & b),
    Op.DIFFERENCE: lambda _, a, b: freeze(a - b),
    Op.INSERT: lambda _, whole, item: freeze(type(whole)([*whole._data, item])),
    Op.DISCARD: lambda _, whole, item: freeze(Set(x for x in whole if x != item)),
    Op.REMOVE: _removed,
    Op.APPEND: lambda _, whole, item: freeze(Seq([*whole, item])),
    Op.REST: lambda e, whole: _without_end(e, whole, first=True),
    Op.FRONT: lambda e, whole: _without_end(e, whole, first=False),
    Op.PREFIX: _prefix,
    Op.CONCAT: lambda _, a, b: freeze(a + b),
}
