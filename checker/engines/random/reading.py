"""What actions and properties read and write: paths of fields, the keys of maps aside.

    self.consumers[m].phase     the path consumers.phase; at the action's own key, where m is its
                                first parameter
    deciding                    what decides whether an action is possible: what its guards read,
                                what the guards' conditions do, what bounds are passed by; not what
                                its effects only copy

A defect is taken for no reason to be impossible: a machine that has one is wrong anyway.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from checker.engines.native.shapes import is_short
from checker.language.ir import (
    Action,
    Apply,
    Assert,
    Assign,
    At,
    Bind,
    Domain,
    Expr,
    Fit,
    For,
    Get,
    If,
    Let,
    Node,
    Op,
    Reduce,
    Require,
    Stmt,
    Table,
    Var,
    children,
    walk,
)

MOST_KEYS = 1 << 10
"""A first parameter with more values than that is one of the arguments."""

Path = tuple[str, ...]
"""Fields from the state inwards; what stands at any key of a map is one path."""


@dataclass(frozen=True)
class Read:
    """A path that is read; `own`: in a map that is a field, at the action's own key alone."""

    path: Path
    own: bool


def read(node: Node) -> Iterator[Path]:
    """The paths that a node reads."""
    return (_path(place) or () for place in _places(node))


def written(body: tuple[Stmt, ...]) -> Iterator[Path]:
    """The paths that statements write."""
    for statement in body:
        for node in walk(statement):
            if isinstance(node, Assign) and (path := _path(node.place)) is not None:
                yield path


def meet(one: Path, other: Path) -> bool:
    """Whether one path lies within the other."""
    shorter = min(len(one), len(other))
    return one[:shorter] == other[:shorter]


def keys_of(action: Action) -> int:
    """How many values the first parameter has, where they are the same in every state; else 1."""
    if action.parameters:
        source = action.parameters[0].source
        if isinstance(source, Domain) and source.size <= MOST_KEYS:
            return max(1, source.size)
    return 1


def deciding(action: Action) -> set[Read]:
    """What decides whether an action is possible, by its key."""
    aliases = _aliases(action)
    slice_ = _Slice()
    slice_.back(action.body)
    for parameter in action.parameters:
        slice_.use(parameter.source)
    return {Read(_path(place) or ("",), _own(place, aliases)) for place in slice_.places}


class _Slice:
    """What the guards of statements depend on, found from the last statement to the first.

    names, paths  the locals, and the paths of the state, whose values are asked for further on
    """

    def __init__(self) -> None:
        self.places: list[Expr] = []
        self.names: set[str] = set()
        self.paths: set[Path] = set()

    def use(self, node: Node) -> None:
        """Something is asked for."""
        for place in _places(node):
            self.places.append(place)
            self.paths.add(_path(place) or ())
        self.names |= {inner.name for inner in walk(node) if isinstance(inner, Var)}

    def back(self, body: tuple[Stmt, ...]) -> bool:
        """Go back through statements; whether any of them decides anything."""
        decides = False
        for statement in reversed(body):
            decides = self._statement(statement) or decides
        return decides

    def _statement(self, statement: Stmt) -> bool:
        match statement:
            case Require(test=value) | Assert(test=value):
                asked = True
            case Let(name=name, value=value):
                asked = name in self.names or _bounded(value)
            case Assign(place=place, value=value):
                path = _path(place)
                asked = _bounded(value) or any(path is None or meet(path, p) for p in self.paths)
            case If(test=value, then=then, other=other):
                sides = [self.back(then), self.back(other)]
                asked = any(sides)
            case For(source=source, body=body):
                asked = self.back(body) and self.back(body)  # a turn may ask what one before set
                if asked:
                    self.use(source)
                return asked
            case _:
                raise TypeError(f"{statement} is not a statement")
        if asked:
            self.use(value)
        return asked


def _bounded(value: Expr) -> bool:
    """Whether the value may pass a bound."""
    return any(isinstance(node, Fit) and not is_short(node.type) for node in walk(value))


def leading(body: tuple[Stmt, ...]) -> Iterator[Require | Let]:
    """The guards that an action begins with, and the locals between them that are set once."""
    lets = [node.name for statement in body for node in walk(statement) if isinstance(node, Let)]
    for statement in body:
        if isinstance(statement, Require):
            for test in _conjuncts(statement.test):
                yield replace(statement, test=test)
        elif not isinstance(statement, Let):
            return
        elif lets.count(statement.name) == 1:
            yield statement


def _conjuncts(test: Expr) -> Iterator[Expr]:
    match test:
        case Apply(op=Op.AND, args=args):
            for one in args:
                yield from _conjuncts(one)
        case _:
            yield test


def foreseen(body: tuple[Stmt, ...]) -> tuple[Stmt, ...]:
    """The guards that can be asked before anything is done, and what leads to them.

    What reads something that was written by then is left out: that a guard may hold is all that
    can be told, and is enough.
    """
    return _foreseen(body, set(), set())


def _foreseen(body: tuple[Stmt, ...], names: set[str], paths: set[Path]) -> tuple[Stmt, ...]:
    """The same, where `names` and `paths` have values that are not known."""

    def known(node: Node) -> bool:
        used = {inner.name for inner in walk(node) if isinstance(inner, Var)}
        places = {_path(place) or () for place in _places(node)}
        return not used & names and not any(meet(a, b) for a in places for b in paths)

    found: list[Stmt] = []
    for statement in body:
        match statement:
            case Require(test=test) if known(test):
                found.append(statement)
            case Let(name=name, value=value):
                if known(value):
                    found.append(statement)
                    names.discard(name)
                else:
                    names.add(name)
            case If(test=test, then=then, other=other) if known(test):
                sides = [(set(names), set(paths)), (set(names), set(paths))]
                first, second = (
                    _foreseen(side, *sets) for side, sets in zip((then, other), sides, strict=True)
                )
                for further, more in sides:
                    names |= further
                    paths |= more
                if first or second:
                    found.append(replace(statement, then=first, other=second))
            case _:
                names |= {n.name for n in walk(statement) if isinstance(n, Let)}
                paths |= set(written((statement,)))
    return tuple(found)


def own_writes(action: Action) -> Iterator[tuple[Path, bool]]:
    """The paths that an action writes, and whether only at its own key."""
    aliases = _aliases(action)
    for statement in action.body:
        for node in walk(statement):
            if isinstance(node, Assign) and (path := _path(node.place)):
                yield path, _own(node.place, aliases)


def bound_in(value: Expr) -> set[str]:
    """The names that an expression gives to what it goes over."""
    return {node.name for node in walk(value) if isinstance(node, Bind | Reduce | Table)}


# ---------------------------------------------------------------- places


def _path(place: Expr) -> Path | None:
    """The path of a place of the state; None for anything else."""
    match place:
        case Var(name=name):
            return () if name in ("self", "after") else None
        case Get(base=base, name=name):
            inner = _path(base)
            return None if inner is None else (*inner, name)
        case At(base=base):
            return _path(base)
        case _:
            return None


def _places(node: Node) -> Iterator[Expr]:
    """The places of the state that a node reads."""
    if not isinstance(node, Expr) or _path(node) is None:
        for child in children(node):
            yield from _places(child)
        return
    yield node
    inner = node
    while isinstance(inner, Get | At):
        if isinstance(inner, At):
            yield from _places(inner.key)
        inner = inner.base


def _aliases(action: Action) -> set[str]:
    """The names that stand for an action's key throughout."""
    found = {action.parameters[0].name} if keys_of(action) > 1 else set()
    lets = [node for statement in action.body for node in walk(statement) if isinstance(node, Let)]
    for let in lets:
        if isinstance(let.value, Var) and let.value.name in found:
            found.add(let.name)
    others = {let.name for let in lets
              if not (isinstance(let.value, Var) and let.value.name in found)}  # fmt: skip
    return found - others


def _own(place: Expr, aliases: set[str]) -> bool:
    """Whether a place lies in a map that is a field, at the action's own key."""
    outermost: At | None = None
    while isinstance(place, Get | At):
        if isinstance(place, At):
            outermost = place
        place = place.base
    return (
        outermost is not None
        and isinstance(outermost.base, Get)
        and isinstance(outermost.base.base, Var)
        and isinstance(outermost.key, Var)
        and outermost.key.name in aliases
    )
