"""Calls that stand as statements: guards, and changes of containers.

Changing a container in place (`self.messages.add(m)`) is assigning a new one to its place.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping

from checker.language.ir import Apply, Const, Expr, Listed, Op, Require
from checker.language.lowering.coercion import is_place
from checker.language.lowering.door import integer, lower, lower_any, truth
from checker.language.lowering.frame import Frame
from checker.language.lowering.operations import facts
from checker.language.lowering.places import Body, inside_record, write
from checker.language.lowering.procedures import in_statements
from checker.language.marks import require
from checker.language.types import (
    BagType,
    CollectionType,
    OptionType,
    SeqType,
    SetType,
    StructType,
    Type,
)

_CHANGES: Mapping[tuple[type[Type], str], tuple[Op | None, int]] = {
    (SetType, "add"): (Op.INSERT, 1),
    (SetType, "discard"): (Op.DISCARD, 1),
    (SetType, "remove"): (Op.REMOVE, 1),
    (SetType, "clear"): (None, 0),
    (BagType, "add"): (Op.INSERT, 1),
    (BagType, "remove"): (Op.REMOVE, 1),
    (BagType, "clear"): (None, 0),
    (SeqType, "append"): (Op.APPEND, 1),
    (SeqType, "pop_first"): (Op.REST, 0),
    (SeqType, "pop_last"): (Op.FRONT, 0),
    (SeqType, "truncate"): (Op.PREFIX, 1),
    (SeqType, "clear"): (None, 0),
}


def expression(frame: Frame, node: ast.Expr) -> Body:
    """A call that stands by itself."""
    value = node.value
    if isinstance(value, ast.Constant):
        if isinstance(value.value, str):
            return []  # a docstring
        frame.refuse(node, "this does nothing")
    if not isinstance(value, ast.Call):
        frame.refuse(node, "this does nothing", "an assignment, a call, or require(…)")
    if is_require(frame, value):
        if len(value.args) != 1 or value.keywords:
            frame.refuse(value, "require takes one condition")
        return _guards(frame, value.args[0])
    if isinstance(value.func, ast.Attribute):
        base = lower_any(frame, value.func.value)
        if isinstance(base, Expr):
            change = _CHANGES.get((type(base.type), value.func.attr))
            if change is not None:
                return _change(frame, value, base, change)
            if not isinstance(base.type, StructType) and not isinstance(base.type, OptionType):
                frame.refuse(node, f"{base.type} has no method {value.func.attr}",
                             _changes_hint(base.type))  # fmt: skip
    body, _ = in_statements(frame, value, None)
    return body


def is_require(frame: Frame, node: ast.expr) -> bool:
    """Whether a call is `require(…)`."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return False
    return node.func.id not in frame.bindings and frame.source.names.get(node.func.id) is require


def _guards(frame: Frame, node: ast.expr) -> Body:
    """One guard for each conjunct, so that a backend can leave at the first that fails."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        result: Body = []
        known: dict[str, Expr] = {}
        for value in node.values:
            with frame.binding(known):
                result.extend(_guards(frame, value))
                known = {**known, **facts(frame, value)}
        return result
    test = truth(frame, node)
    if isinstance(test, Const) and test.value:
        return []
    return [Require(frame.span(node), test)]


def _changes_hint(kind: Type) -> str:
    names = [name for form, name in _CHANGES if isinstance(kind, form)]
    return f"one of {', '.join(names)}" if names else ""


def _change(frame: Frame, node: ast.Call, place: Expr, change: tuple[Op | None, int]) -> Body:
    op, arity = change
    if len(node.args) != arity or node.keywords:
        frame.refuse(node, f"{ast.unparse(node.func)} takes {arity} arguments")
    if not is_place(place) or inside_record(place):
        frame.refuse(node, f"{ast.unparse(node.func)}: this is a value, not a place of the state",
                     "assign it to a field or local first")  # fmt: skip
    kind, span = place.type, frame.span(node)
    assert isinstance(kind, CollectionType)
    if op is None:
        return write(frame, node, place, Listed(kind, span, ()))
    args = [integer(frame, a) if op is Op.PREFIX else lower(frame, a, kind.item) for a in node.args]
    grown = kind if op not in (Op.INSERT, Op.APPEND) else _grown(kind)
    return write(frame, node, place, Apply(grown, span, op, (place, *args)))


def _grown(kind: CollectionType) -> CollectionType:
    """The type of a collection with one more element: what `Fit` must bring back."""
    if isinstance(kind, SetType) and kind.bits is not None:
        return kind
    return type(kind)(kind.item, kind.capacity + 1)
