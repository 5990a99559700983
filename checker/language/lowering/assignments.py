"""Assignments: to locals, which are bound or name a place, and to places of the state."""

from __future__ import annotations

import ast

from checker.language.ir import Assign, Expr, Get, Op, Var
from checker.language.lowering.coercion import NOTHING, coerce, is_place
from checker.language.lowering.door import integer, lower, lower_any
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.operations import arithmetic
from checker.language.lowering.places import (
    Body,
    assigned_place,
    default,
    let,
    names_place,
    pinned,
    write,
)
from checker.language.lowering.procedures import in_statements, local_from_call, procedure
from checker.language.types import INTEGER, CollectionType, PartType, Type


def assign(frame: Frame, node: ast.Assign) -> Body:
    """`x = value`, `self.x = value`, `self.m[k] = value`."""
    if len(node.targets) != 1:
        frame.refuse(node, "one target for each assignment")
    target = node.targets[0]
    if isinstance(target, ast.Name):
        return _local(frame, node, target.id, node.value, None)
    place = assigned_place(frame, target)
    return _store(frame, node, place, node.value)


def annotated(frame: Frame, node: ast.AnnAssign) -> Body:
    """`x: Type = value`: a local whose values may be more than the first."""
    if node.value is None or not isinstance(node.target, ast.Name):
        frame.refuse(node, "a local needs a value", "name: Type = value")
    return _local(frame, node, node.target.id, node.value, frame.resolve(node.annotation))


def _local(frame: Frame, node: ast.stmt, name: str, value: ast.expr, kind: Type | None) -> Body:
    if (call := procedure(frame, value)) is not None:
        return local_from_call(frame, node, name, call)
    known = frame.locals.get(name)
    wanted = kind or (known.type if known is not None else None)
    found = lower(frame, value, wanted)
    if names_place(found):
        return _alias(frame, node, name, found)
    if isinstance(found.type, PartType):
        frame.refuse(node, "a part lives in one place", "name the place itself")
    if found.type is NOTHING:
        frame.refuse(node, f"the type of {name} is not known", f"{name}: T | None = None")
    return [let(frame, node, name, found, kind)]


def _alias(frame: Frame, node: ast.stmt, name: str, place: Expr) -> Body:
    """A name for a place; the keys on its path are read now."""
    if name in frame.locals:
        frame.refuse(node, f"{name} was a value before", "a name of its own for the place")
    prelude: Body = []
    frame.bindings = {**frame.bindings, name: pinned(frame, place, prelude)}
    return prelude


def _store(frame: Frame, node: ast.stmt, place: Expr, value: ast.expr) -> Body:
    if isinstance(place.type, PartType):
        return _store_part(frame, node, place, value)
    if (call := procedure(frame, value)) is not None:
        prelude, result = in_statements(frame, call, "result")
        assert result is not None
        return [*prelude, *write(frame, node, place, result)]
    return write(frame, node, place, lower(frame, value, place.type))


def _store_part(frame: Frame, node: ast.stmt, place: Expr, value: ast.expr) -> Body:
    """A part takes over the content of another, or starts anew."""
    kind = place.type
    assert isinstance(kind, PartType)
    target = lower_any(frame, value.func) if isinstance(value, ast.Call) else None
    if isinstance(target, Static):
        if target.value is not kind.cls or not isinstance(value, ast.Call) or value.args:
            frame.refuse(node, f"only a new {kind} or another one can be assigned", f"{kind}()")
        return [
            statement
            for name, own in kind.fields
            for statement in write(
                frame, node, Get(own, frame.span(node), place, name), default(frame, kind, name)
            )
        ]
    other = lower(frame, value)
    if other.type != kind:
        frame.refuse(node, f"a part of type {kind} is wanted")
    return [
        Assign(
            frame.span(node), Get(own, place.span, place, name), Get(own, place.span, other, name)
        )
        for name, own in kind.fields
    ]


def augmented(frame: Frame, node: ast.AugAssign) -> Body:
    """`place += value`, and what else there is before `=`."""
    if isinstance(node.target, ast.Name):
        place = lower(frame, node.target)
        if node.target.id not in frame.locals and not is_place(place):
            frame.refuse(node, f"{node.target.id} cannot be assigned")
    else:
        place = assigned_place(frame, node.target)
    if isinstance(place.type, CollectionType):
        union = isinstance(node.op, ast.BitOr | ast.Sub | ast.BitAnd)
        hint = "self.s = self.s | other" if union else "append, add"
        frame.refuse(node, "augmented assignment is for integers", hint)
    ops = {
        ast.Add: Op.ADD,
        ast.Sub: Op.SUB,
        ast.Mult: Op.MUL,
        ast.FloorDiv: Op.DIV,
        ast.Mod: Op.MOD,
    }
    op = ops.get(type(node.op))
    if op is None:
        frame.refuse(node, "this operator is not in the language", "+= -= *= //= %=")
    value = arithmetic(frame, node, op, place, integer(frame, node.value))
    if isinstance(place, Var) and place.type != INTEGER:
        value = coerce(value, place.type)
    return write(frame, node, place, value)
