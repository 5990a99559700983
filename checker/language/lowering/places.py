"""Places of the state: what a local may name, what may be assigned, and how a value is put there.

A local that names a place is an alias: what is assigned through it is assigned to the place.  Its
keys are pinned, so that it goes on naming the place that it named first.
"""

from __future__ import annotations

import ast

from checker.language.ir import Assign, At, Const, Expr, Get, Let, Stmt, Var
from checker.language.lowering.coercion import coerce, is_place
from checker.language.lowering.door import lower_any
from checker.language.lowering.expressions import attribute, subscript
from checker.language.lowering.frame import Frame, Static
from checker.language.types import (
    INTEGER,
    CollectionType,
    IntType,
    MapType,
    PartType,
    StructType,
    Type,
)

Body = list[Stmt]
MUTABLE = (CollectionType, MapType, PartType)


def names_place(value: Expr) -> bool:
    """Whether a name for `value` is one for a place: a container inside a record is a value."""
    return isinstance(value.type, MUTABLE) and is_place(value) and not inside_record(value)


def inside_record(place: Expr) -> bool:
    """Whether a place is within a record: a value, which never changes in part."""
    while isinstance(place, Get | At):
        if isinstance(place, Get) and not isinstance(place.base.type, PartType):
            return True
        if isinstance(place, At) and not isinstance(place.base.type, MapType):
            return True
        place = place.base
    return False


def pinned(frame: Frame, place: Expr, prelude: Body) -> Expr:
    """A place whose keys keep their present values; `prelude` gets the locals that hold them."""
    match place:
        case Get(base=base):
            return Get(place.type, place.span, pinned(frame, base, prelude), place.name)
        case At(base=base, key=key):
            inner = pinned(frame, base, prelude)
            if not isinstance(key, Const):
                name = frame.method.fresh("key")
                prelude.append(Let(place.span, name, key))
                key = Var(key.type, key.span, name)
            return At(place.type, place.span, inner, key)
        case _:
            return place


def assigned_place(frame: Frame, node: ast.expr) -> Expr:
    """The place that an assignment writes."""
    match node:
        case ast.Attribute(value=value, attr=name):
            base = lower_any(frame, value)
            if isinstance(base, Static) or not isinstance(base.type, StructType):
                frame.refuse(node, f"{ast.unparse(node)} cannot be assigned")
            if not isinstance(base.type, PartType):
                frame.refuse(node, f"{base.type} is a record, which never changes",
                             f"replace({ast.unparse(value)}, {name}=…)")  # fmt: skip
            place = attribute(frame, node, base, name)
            if not isinstance(place, Get):
                frame.refuse(node, f"{name} is a variant: the configuration sets it")
        case ast.Subscript(value=value):
            base = lower_any(frame, value)
            if isinstance(base, Static):
                frame.refuse(node, f"{ast.unparse(node)} cannot be assigned")
            place = subscript(frame, node, base)
        case _:
            frame.refuse(node, f"{ast.unparse(node)} cannot be assigned", "a field, slot or local")
    if not is_place(place):
        frame.refuse(node, f"{ast.unparse(node)} is no place of the state")
    return place


def let(frame: Frame, node: ast.stmt, name: str, value: Expr, kind: Type | None) -> Let:
    """Give a local its value; the first assignment settles its type."""
    if name in frame.bindings and name not in frame.locals and name != "_":
        frame.refuse(node, f"{name} already means something else here", "a name of its own")
    if name not in frame.locals:
        own = kind or value.type
        if kind is None and isinstance(own, IntType) and name not in frame.once:
            own = INTEGER
        frame.locals[name] = Var(own, frame.span(node), frame.method.fresh(name))
    variable = frame.locals[name]
    frame.bindings = {**frame.bindings, name: variable}
    return Let(frame.span(node), variable.name, coerce(value, variable.type))


def write(frame: Frame, node: ast.AST, place: Expr, value: Expr) -> Body:
    """The statement that writes a value to a place: a field, or a whole local."""
    value = coerce(value, place.type)
    if isinstance(place, Var):
        return [Let(frame.span(node), place.name, value)]
    return [Assign(frame.span(node), place, value)]


def default(frame: Frame, kind: PartType, name: str) -> Expr:
    """What a field of a part starts with."""
    from checker.language.annotations import fields_of
    from checker.language.states import default_of
    from checker.language.states import frozen as frozen_value

    own = kind.field(name)
    field = next(f for f in fields_of(kind.cls) if f.name == name)
    assert own is not None
    value = default_of(own, field.default, frame.method.settings, f"{kind}.{name}")
    return Const(own, None, frozen_value(value, own))
