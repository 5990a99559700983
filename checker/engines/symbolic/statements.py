"""Statements: what names mean after they have been executed.

A statement takes the meaning of the names before it to that after it.  A conditional walks both
branches from the same meaning, each on its path, and merges what they changed; a loop is a
conditional for each element that its source may have.  Writing a place rebuilds the values on
the way to it: a slot whose key is only perhaps the one that is written becomes a choice between
the new content and the old.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from checker.engines.symbolic import containers
from checker.engines.symbolic.expressions import at_key, elements, position, value
from checker.engines.symbolic.scope import Scope
from checker.engines.symbolic.shapes import Struct, merge
from checker.engines.symbolic.terms import Bit, conj, less, neg, number
from checker.language.ir import (
    Assert,
    Assign,
    At,
    Expr,
    For,
    Get,
    If,
    Let,
    Require,
    Stmt,
    Var,
)
from checker.language.types import MapType

Change = Callable[[Any], Any]
"""From what a place holds to what it holds then."""


def execute(scope: Scope, body: Sequence[Stmt]) -> Scope:
    """The scope after a list of statements."""
    for statement in body:
        scope = _STATEMENTS[type(statement)](scope, statement)
    return scope


def _require(scope: Scope, node: Require) -> Scope:
    scope.flow.require(scope.path, value(scope, node.test))
    return scope


def _assert(scope: Scope, node: Assert) -> Scope:
    scope.demand(value(scope, node.test), node.span)
    return scope


def _let(scope: Scope, node: Let) -> Scope:
    return scope.bind(node.name, value(scope, node.value))


def _if(scope: Scope, node: If) -> Scope:
    test = value(scope, node.test)
    if isinstance(test, bool):
        return execute(scope, node.then if test else node.other)
    then = execute(scope.under(test), node.then)
    other = execute(scope.under(neg(test)), node.other)
    return _merged(scope, test, then, other)


def _for(scope: Scope, node: For) -> Scope:
    for there, item in elements(scope, node.source):
        if there is not False:
            inner = execute(scope.under(there).bind(node.name, item), node.body)
            scope = _merged(scope, there, inner, scope)
    return scope


def _merged(before: Scope, test: Bit, then: Scope, other: Scope) -> Scope:
    """One scope or the other; a name that only one has is a local of that branch."""
    names = {**then.names, **other.names}
    for name, held in then.names.items():
        names[name] = merge(test, held, other.names.get(name))
    return replace(before, names=names)


# ---------------------------------------------------------------- places


def _assign(scope: Scope, node: Assign) -> Scope:
    held = value(scope, node.value)
    root, change = _change(scope, node.place, lambda _: held)
    return scope.bind(root, change(scope.names[root]))


def _change(scope: Scope, place: Expr, change: Change) -> tuple[str, Change]:
    """The root of a place, and what a change of the place means for the root."""
    match place:
        case Var(name=name):
            return name, change
        case Get(base=base, name=name):
            own = position(base.type, name)
            return _change(scope, base, lambda struct: _with_field(struct, own, change))
        case _:
            assert isinstance(place, At)
            base, key = place.base, value(scope, place.key)
            if isinstance(base.type, MapType):
                here = at_key(scope, base.type, key, place)
                return _change(scope, base, lambda struct: _with_slots(struct, here, change))
            length = value(scope, base).length
            scope.demand(conj(_natural(key), less(key, length)), place.span)
            return _change(scope, base, lambda seq: containers.updated(seq, key, change))


def _natural(key: Any) -> Bit:
    return neg(less(key, number(0)))


def _with_field(struct: Struct, own: int, change: Change) -> Struct:
    fields = struct.fields
    return Struct((*fields[:own], change(fields[own]), *fields[own + 1 :]))


def _with_slots(struct: Struct, here: list[Bit], change: Change) -> Struct:
    return Struct(
        tuple(
            held if test is False else merge(test, change(held), held)
            for test, held in zip(here, struct.fields, strict=True)
        )
    )


_STATEMENTS: Mapping[type[Stmt], Callable[[Scope, Any], Scope]] = {
    Require: _require,
    Assert: _assert,
    Let: _let,
    If: _if,
    For: _for,
    Assign: _assign,
}
