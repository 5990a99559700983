"""A whole machine: its actions, properties and refinements, lowered for one configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.errors import LanguageError
from checker.language.annotations import parameter_hints
from checker.language.configuring import settle, survey
from checker.language.domains import Settings, configured
from checker.language.ir import (
    Action,
    Apply,
    Assign,
    At,
    Const,
    Domain,
    Elements,
    Expr,
    Get,
    Op,
    Parameter,
    Program,
    Property,
    Refinement,
    Require,
    Source,
    Stmt,
    Var,
    walk,
)
from checker.language.lowering.asymmetry import refuse_asymmetry
from checker.language.lowering.frame import Frame, Method, assigned_once
from checker.language.lowering.ghosts import check_ghosts
from checker.language.lowering.helpers import block, types_of, without_docstring
from checker.language.lowering.source import source_of
from checker.language.lowering.statements import lower_body
from checker.language.machine import Machine, Part, declaration, settings_of
from checker.language.machine import Method as Declared
from checker.language.resolving import resolver, state_type
from checker.language.states import snapshot
from checker.language.types import (
    BITSET_LIMIT,
    BOOL,
    CollectionType,
    IndexType,
    MapType,
    PartType,
    Type,
)

RESERVED = ("self", "after", "spec")
"""The roots of the tree: the state, the state after a step, the state of a specification."""


def lower(machine: Machine) -> Program:
    """The configured machine as IR.

    LanguageError, with its place in the source, for anything that is not in the language.
    """
    return _Lowering(type(machine), settings_of(machine)).program()


@dataclass(frozen=True)
class _Receiver:
    """Where a method's `self` is: the machine, or a part of it, maybe one of a map of parts."""

    prefix: str
    place: Expr
    cls: type[Part]
    key: Parameter | None = None


class _Lowering:
    def __init__(self, cls: type[Machine], settings: Settings) -> None:
        self._cls = cls
        self._settings = settings
        self._resolver = resolver(settings)
        self._state = state_type(cls, settings)
        self._self = Var(self._state, None, "self")

    def program(self) -> Program:
        declared = declaration(self._cls)
        start = snapshot(self._fresh_machine(), self._state)
        refuse_asymmetry(start, self._state)
        actions = tuple(self._actions("action"))
        _distinct(action.name for action in actions)
        initials = tuple(self._actions("initial"))
        kinds = declared.of("invariant", "step", "reachable", "terminal", "eventually")
        properties = tuple(self._property(method) for method in kinds)
        refinements = tuple(self._refinement(method) for method in declared.of("refines"))
        promises = [p.promise for p in properties] + [r.promise for r in refinements]
        _distinct(promise.id for promise in promises)
        return Program(
            self._cls.__name__, self._settings, self._state, start, initials, actions,
            properties, refinements,
        )  # fmt: skip

    def _fresh_machine(self) -> Machine:
        with configured(self._settings):
            return self._cls(**self._settings.items())

    # -------------------------------------------------------- actions

    def _receivers(self) -> Iterator[_Receiver]:
        yield _Receiver("", self._self, self._cls)
        yield from self._inner(self._self, "")

    def _inner(self, place: Expr, prefix: str) -> Iterator[_Receiver]:
        assert isinstance(place.type, PartType)
        for name, kind in place.type.fields:
            inner = Get(kind, None, place, name)
            if isinstance(kind, PartType):
                yield _Receiver(f"{prefix}{name}.", inner, kind.cls)
                yield from self._inner(inner, f"{prefix}{name}.")
            elif isinstance(kind, MapType) and isinstance(kind.value, PartType):
                key = str(kind.key).lower()
                key = key if key.isidentifier() else "key"  # a range has no name
                parameter = Parameter(key, kind.key, Domain(kind.key))
                slot = At(kind.value, None, inner, Var(kind.key, None, key))
                yield _Receiver(f"{prefix}{name}.", slot, kind.value.cls, parameter)

    def _actions(self, kind: str) -> Iterator[Action]:
        for receiver in self._receivers():
            declared = declaration(receiver.cls)
            if receiver.prefix:
                _refuse_properties(declared.methods)
            for method in declared.methods:
                if method.mark.kind == kind:
                    yield self._action(method, receiver)

    def _frame(self, method: Declared, receiver: _Receiver) -> Frame:
        source = source_of(method.function, dict(method.owner._scope))
        frame = Frame(Method(self._settings, self._resolver), source,
                      once=assigned_once(source.tree), types=types_of(receiver.place))  # fmt: skip
        arguments = source.tree.args
        if arguments.vararg or arguments.kwarg or arguments.defaults or arguments.kw_defaults:
            frame.refuse(source.tree, f"{method.name}: * and defaults are not in the language",
                         "plain parameters, which the checker chooses")  # fmt: skip
        if not arguments.args:
            frame.refuse(source.tree, f"{method.name} needs self")
        for reserved in RESERVED:
            frame.method.fresh(reserved)
        frame.bindings[arguments.args[0].arg] = receiver.place
        return frame

    def _parameters(
        self, frame: Frame, method: Declared, types: Mapping[Any, Type]
    ) -> dict[str, Type]:
        found = {}
        notes = parameter_hints(method)
        for argument in frame.source.tree.args.args[1:]:
            if argument.arg not in notes:
                frame.refuse(argument, f"{argument.arg} needs a type", f"{argument.arg}: Member")
            with frame.at(argument):
                found[argument.arg] = self._resolver.resolve(notes[argument.arg], types)
        return found

    def _action(self, method: Declared, receiver: _Receiver) -> Action:
        frame = self._frame(method, receiver)
        if receiver.key is not None:
            frame.method.fresh(receiver.key.name)
        types = self._parameters(frame, method, frame.types)
        for name, kind in types.items():
            if name in RESERVED:
                frame.refuse(frame.source.tree, f"{name} is no name for a parameter: in properties "
                             "it is a state", "another name")  # fmt: skip
            frame.bindings[name] = Var(kind, None, frame.method.fresh(name))
        if receiver.key is not None and receiver.key.name in types:
            frame.refuse(frame.source.tree, f"{receiver.key.name} is the key of the part itself",
                         "another name")  # fmt: skip
        body = lower_body(frame, without_docstring(frame.source.tree.body))
        key = () if receiver.key is None else (receiver.key,)
        parameters, rest = _choices(frame, types, body)
        action = Action(
            receiver.prefix + method.name, (*key, *parameters), tuple(rest), method.sentence,
            _actor(method, receiver, types), method.mark.fair, frame.span(frame.source.tree),
            any(_never(statement) for statement in rest),
            _party(frame, method, (*key, *parameters), _actor(method, receiver, types)),
        )  # fmt: skip
        check_ghosts(action)
        return action

    # -------------------------------------------------------- properties

    def _property(self, method: Declared) -> Property:
        frame = self._frame(method, _Receiver("", self._self, self._cls))
        span = frame.span(frame.source.tree)
        mark = method.mark
        names = [argument.arg for argument in frame.source.tree.args.args[1:]]
        on = None
        if mark.kind == "step":
            if not names:
                frame.refuse(frame.source.tree, "a step property compares two states",
                             f"def {method.name}(self, after: Self) -> bool")  # fmt: skip
            frame.bindings[names[0]] = Var(self._state, None, "after")
            on = self._on(frame, method, names[1:])
        elif names:
            frame.refuse(frame.source.tree, f"{method.name}: of one state, it takes self alone",
                         "any(…) or all(…) over the domain")  # fmt: skip
        test = block(frame, without_docstring(frame.source.tree.body), BOOL)
        antecedent = None
        if mark.leads_from is not None and mark.again:
            frame.refuse(frame.source.tree, "after a condition, or again and again: not both",
                         "one of after=…, again=True")  # fmt: skip
        if mark.leads_from is not None:
            plain = getattr(mark.leads_from, "__wrapped__", mark.leads_from)
            other = Declared(plain.__name__, plain, mark, method.owner)
            inner = self._frame(other, _Receiver("", self._self, self._cls))
            antecedent = block(inner, without_docstring(inner.source.tree.body), BOOL)
        return Property(
            mark.kind,
            method.promise,
            method.name,
            test,
            span,
            on,
            antecedent,
            mark.again,
            mark.inductive,
        )

    def _on(self, frame: Frame, method: Declared, names: list[str]) -> str | None:
        on = method.mark.on
        if on is None:
            if names:
                frame.refuse(frame.source.tree, f"{names[0]}: of which action is it a parameter?",
                             "@step(on=the_action)")  # fmt: skip
            return None
        action = next(
            (m for m in declaration(self._cls).of("action") if m.name == on.__name__), None
        )
        if action is None:
            frame.refuse(
                frame.source.tree, f"{on.__name__} is not an action of {self._cls.__name__}"
            )
        own = self._frame(action, _Receiver("", self._self, self._cls))
        types = self._parameters(own, action, own.types)
        for name in names:
            if name not in types:
                frame.refuse(frame.source.tree, f"{action.name} has no parameter {name}",
                             f"one of {', '.join(types) or 'none'}")  # fmt: skip
            frame.bindings[name] = Var(types[name], None, frame.method.fresh(name))
        return action.name

    # -------------------------------------------------------- refinement

    def _refinement(self, method: Declared) -> Refinement:
        spec = method.mark.spec
        assert spec is not None
        known = self._settings.items()
        asked = {name: known[name] for name in survey(spec) if name in known}
        program = _Lowering(spec, settle(spec, asked)).program()
        frame = self._frame(method, _Receiver("", self._self, self._cls))
        names = [argument.arg for argument in frame.source.tree.args.args[1:]]
        if len(names) != 1:
            frame.refuse(frame.source.tree, "a refinement maps onto one specification",
                         f"def {method.name}(self, spec: {spec.__name__}) -> None")  # fmt: skip
        frame.bindings[names[0]] = Var(program.state, None, "spec")
        body = tuple(lower_body(frame, without_docstring(frame.source.tree.body)))
        self._check_mapping(frame, program, body)
        return Refinement(method.promise, method.name, program, body, frame.span(frame.source.tree))

    def _check_mapping(self, frame: Frame, spec: Program, body: tuple[Stmt, ...]) -> None:
        written = set()
        for statement in body:
            for node in walk(statement):
                if isinstance(node, Require):
                    frame.refuse(frame.source.tree, "a mapping has no guards")
                if isinstance(node, Assign):
                    root, first = _root(node.place)
                    if root != "spec":
                        frame.refuse(frame.source.tree, "a mapping assigns the specification only")
                    written.add(first)
        missing = [name for name, _ in spec.state.fields if name not in written]
        if missing:
            frame.refuse(frame.source.tree, f"the mapping does not say what {missing[0]} is",
                         f"spec.{missing[0]} = …")  # fmt: skip


def _never(statement: Stmt) -> bool:
    """Whether a statement is a guard that a constant of the configuration makes false."""
    return (
        isinstance(statement, Require)
        and isinstance(statement.test, Const)
        and not statement.test.value
    )


def _root(place: Expr) -> tuple[str, str]:
    first = ""
    while isinstance(place, Get | At):
        if isinstance(place, Get):
            first = place.name
        place = place.base
    assert isinstance(place, Var)
    return place.name, first


def _choices(
    frame: Frame, types: Mapping[str, Type], body: list[Stmt]
) -> tuple[list[Parameter], list[Stmt]]:
    """The parameters with what they are chosen from, and the statements that are left.

    A leading guard `p in collection` becomes the source of a parameter with many values.  Of an
    action that a variant rules out nothing is chosen.
    """
    rest = list(body)
    found = []
    known = {"self"}
    for argument, (name, kind) in zip(frame.source.tree.args.args[1:], types.items(), strict=True):
        source: Source = Domain(kind)
        if kind.choices is None or kind.choices > BITSET_LIMIT:
            guard = _membership(rest, name, kind, known)
            if guard is not None:
                source = Elements(guard.test.args[0], kind)  # type: ignore[attr-defined]
                rest.remove(guard)
            elif kind.choices is None and not any(_never(statement) for statement in body):
                frame.refuse(argument, f"{name}: {kind} has too many values to try each",
                             f"begin with require({name} in …)")  # fmt: skip
        found.append(Parameter(name, kind, source))
        known.add(name)
    return found, rest


def _membership(body: list[Stmt], name: str, kind: Type, known: set[str]) -> Require | None:
    for statement in body:
        if not isinstance(statement, Require):
            return None
        match statement.test:
            case Apply(op=Op.CONTAINS, args=(whole, Var(name=chosen))):
                names = {node.name for node in walk(whole) if isinstance(node, Var)}
                bound = {getattr(node, "name", "") for node in walk(whole)}
                assert isinstance(whole.type, CollectionType)
                computable = names <= known | bound and name not in names
                if chosen == name and computable and whole.type.item == kind:
                    return statement
    return None


def _actor(method: Declared, receiver: _Receiver, types: Mapping[str, Type]) -> str | None:
    if method.mark.by is not None:
        return method.mark.by
    if receiver.key is not None:
        return receiver.key.name
    for name, kind in types.items():
        if isinstance(kind, IndexType):
            return name
    return receiver.prefix.rstrip(".") or None


def _party(
    frame: Frame, method: Declared, parameters: tuple[Parameter, ...], actor: str | None
) -> str | None:
    """The parameter to each value of which an action is fair; None where it is as a whole."""
    wanted, types = method.mark.to, {p.name: p.type for p in parameters}
    if wanted is not None and (method.mark.fair is None or wanted not in types):
        frame.refuse(frame.source.tree, f"{method.name} is not fair to a parameter {wanted}",
                     f'fair="weak", to={next(iter(types), wanted)!r}')  # fmt: skip
    party = wanted or (actor if actor in types else None)
    if method.mark.fair is None or party is None:
        return None
    if not types[party].dense:
        what = f"{party}: {types[party]} has too many values to be fair to each"
        frame.refuse(frame.source.tree, what, "to=…, a parameter that ranges over a domain")
    return party


def _refuse_properties(methods: tuple[Declared, ...]) -> None:
    for method in methods:
        if method.mark.kind not in ("action", "initial"):
            raise LanguageError(
                f"{method.owner.__name__}.{method.name}: properties belong to a machine",
                hint="state it in the machine that has the part",
            )


def _distinct(names: Iterator[str]) -> None:
    seen = set()
    for name in names:
        if name in seen:
            raise LanguageError(f"{name} is declared twice", hint="give one of them another name")
        seen.add(name)


__all__ = ["lower"]
