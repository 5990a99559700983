"""A machine without bounds on its counters.

A counter's bound is there so that a search comes to an end; the protocol has none.  Here the
bounds of counters are taken out of a configured machine: their values become integers without
end, a set of them becomes a z3 array, and a loop over them a quantifier.  What is proved of such a
machine is true whatever the bounds are: each step of the machine with bounds is one of it.

    freed(program, {"Generation", "Offset"})

What remains finite is what has a size rather than a bound: domains, capacities of containers,
integers of a `Range`.  A counter whose values number the slots of a map stays as it is, too
(`countable` says which).

Models of a machine without bounds are never shown.  Where a proof fails, the same question is asked
of the machine with small bounds, whose states the reference evaluator can take up.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from typing import Any

from checker.engines.symbolic.values import Endless
from checker.language.ir import Action, Between, Node, Parameter, Program, walk
from checker.language.types import (
    CollectionType,
    IntType,
    MapType,
    OptionType,
    SetType,
    StructType,
    Type,
    UnionType,
)


def freed(program: Program, names: frozenset[str]) -> Program:
    """The machine in which these counters have no bounds; refinements are left out."""
    if not names:
        return program
    free = _Freeing(names)
    return replace(
        program,
        state=free.type(program.state),
        initials=tuple(free.action(action) for action in program.initials),
        actions=tuple(free.action(action) for action in program.actions),
        properties=tuple(free.node(prop) for prop in program.properties),
        refinements=(),
    )


def countable(program: Program) -> frozenset[str]:
    """The counters of a machine whose bounds can be taken away."""
    kinds = {kind for kind in _types(program) for kind in _within(kind)}
    bounds = {kind.bound for kind in kinds if isinstance(kind, IntType) and kind.bound}
    keys = {kind.key for kind in kinds if isinstance(kind, MapType)}
    listed = {
        kind.item
        for kind in kinds
        if isinstance(kind, SetType)
        and kind.bits is not None
        and not isinstance(kind.item, IntType)
    }
    fixed = {k.bound for kind in keys | listed for k in _within(kind) if isinstance(k, IntType)}
    return frozenset(bounds - fixed)


def _types(program: Program) -> Iterator[Type]:
    yield program.state
    parts: tuple[Any, ...] = (
        *program.initials,
        *program.actions,
        *program.properties,
    )
    for part in parts:
        for node in walk(part):
            for field in fields(node):
                held = getattr(node, field.name)
                if isinstance(held, Type):
                    yield held
        if isinstance(part, Action):
            yield from (parameter.type for parameter in part.parameters)


def _within(kind: Type) -> Iterator[Type]:
    """A type and what it is made of."""
    yield kind
    match kind:
        case StructType(fields=named):
            inner = tuple(own for _, own in named)
        case OptionType(item) | CollectionType(item):
            inner = (item,)
        case UnionType(options):
            inner = options
        case MapType(key, item):
            inner = (key, item)
        case _:
            inner = ()
    for own in inner:
        yield from _within(own)


class _Freeing:
    """Rewrites types, and the nodes that carry them."""

    def __init__(self, names: frozenset[str]) -> None:
        self._names = names
        self._known: dict[Type, Any] = {}

    def type(self, kind: Type) -> Any:
        if kind not in self._known:
            self._known[kind] = self._typed(kind)
        return self._known[kind]

    def _typed(self, kind: Type) -> Type:
        match kind:
            case IntType(bound=bound) if bound in self._names:
                return replace(kind, high=None)
            case StructType(fields=named):
                return replace(kind, fields=tuple((name, self.type(own)) for name, own in named))
            case OptionType(item):
                return OptionType(self.type(item))
            case UnionType(options):
                return UnionType(tuple(self.type(option) for option in options))
            case MapType(key, item):
                return MapType(self.type(key), self.type(item))
            case SetType(IntType(bound=bound) as item) if kind.bits and bound in self._names:
                return Endless(self.type(item), kind.capacity, kind.bound)
            case CollectionType(item):
                return replace(kind, item=self.type(item))
            case _:
                return kind

    def action(self, action: Action) -> Action:
        parameters = tuple(
            Parameter(p.name, self.type(p.type), self.node(p.source)) for p in action.parameters
        )
        made: Action = self.node(replace(action, parameters=()))
        return replace(made, parameters=parameters)

    def node(self, node: Any) -> Any:
        """A node with everything below it."""
        changed = {field.name: self._held(getattr(node, field.name)) for field in fields(node)}
        if isinstance(node, Between):
            # Known of the machine with bounds.
            changed |= {"least": -sys.maxsize, "most": sys.maxsize}
        return replace(node, **changed)

    def _held(self, held: Any) -> Any:
        if isinstance(held, Type):
            return self.type(held)
        if isinstance(held, Node):
            return self.node(held)
        if isinstance(held, tuple):
            return tuple(self._held(inner) for inner in held)
        return held
