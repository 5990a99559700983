"""Expressions: from Python's syntax to typed trees.

`EXPRESSIONS` says who handles what.  Whatever is not in the table is refused with what to write
instead (`REFUSED`).  Here are names, attributes, subscripts and conditional expressions.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from checker.language.annotations import fields_of
from checker.language.ir import At, Choose, Const, Expr, Get, IsA, Project, Undefined
from checker.language.lowering.coercion import coerce, interval, joined, scalar
from checker.language.lowering.comparisons import compare, equal
from checker.language.lowering.door import constant, integer, lower, lower_any, truth
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.operations import binary, boolean, facts, unary
from checker.language.types import (
    BOOL,
    INTEGER,
    BoolType,
    IntType,
    MapType,
    OptionType,
    PartType,
    SeqType,
    StructType,
    Type,
    UnionType,
)


def _literal(frame: Frame, node: ast.Constant, _: Type | None) -> Expr:
    value = scalar(node.value, frame.span(node))
    if value is None:
        frame.refuse(node, f"{node.value!r} is not a value of the language", "use an Enum")
    return value


def _name(frame: Frame, node: ast.Name, _: Type | None) -> Expr | Static:
    if node.id in frame.bindings:
        meaning = frame.bindings[node.id]
        # A constant stays where it is written: the call that passes it says what it is.
        return meaning if isinstance(meaning, Const) else replace(meaning, span=frame.span(node))
    if node.id in frame.locals:
        frame.refuse(node, f"{node.id} may have no value here", "give it one before the branches")
    if node.id in frame.source.names:
        return Static(frame.source.names[node.id])
    frame.refuse(node, f"{node.id} is not known here")


def _attribute(frame: Frame, node: ast.Attribute, _: Type | None) -> Expr | Static:
    base = lower_any(frame, node.value)
    if isinstance(base, Static):
        try:
            return Static(getattr(base.value, node.attr))
        except AttributeError:
            frame.refuse(node, f"{ast.unparse(node.value)} has no {node.attr}")
    return attribute(frame, node, base, node.attr)


def attribute(frame: Frame, node: ast.expr, base: Expr, name: str) -> Expr:
    """The field `name` of a record, part or union."""
    kind = base.type
    if isinstance(kind, OptionType):
        base = coerce(base, kind.item)
        kind = kind.item
    if isinstance(kind, StructType):
        own = kind.field(name)
        if own is not None:
            return Get(own, frame.span(node), base, name)
        if isinstance(kind, PartType) and (found := _variant(frame, node, kind, name)) is not None:
            return found
        frame.refuse(node, f"{kind} has no field {name}", _fields_hint(kind))
    if isinstance(kind, UnionType):
        return _of_union(frame, node, base, name)
    frame.refuse(node, f"a value of type {kind} has no field {name}")


def _variant(frame: Frame, node: ast.expr, kind: PartType, name: str) -> Expr | None:
    for field in fields_of(kind.cls):
        if field.variant and field.name == name:
            value = frame.method.settings.variants.get(name, field.default)
            found = scalar(value, frame.span(node))
            assert found is not None
            return found
    return None


def _fields_hint(kind: StructType) -> str:
    return "one of " + ", ".join(name for name, _ in kind.fields)


def _of_union(frame: Frame, node: ast.expr, base: Expr, name: str) -> Expr:
    kind, span = base.type, frame.span(node)
    assert isinstance(kind, UnionType)
    having = [option for option in kind.options if option.field(name) is not None]
    types = {own for option in having if (own := option.field(name)) is not None}
    if len(types) != 1:
        frame.refuse(node, f"not every {kind} has one {name}", "take it apart with match first")
    result: Expr = Undefined(types.pop(), span, f"{name} is read from a record that has none")
    for option in reversed(having):
        read = Get(result.type, span, Project(option, span, base), name)
        everything = len(having) == len(kind.options) and isinstance(result, Undefined)
        test = IsA(BOOL, span, base, option)
        result = read if everything else Choose(result.type, span, test, read, result)
    return result


def _conditional(frame: Frame, node: ast.IfExp, expected: Type | None) -> Expr:
    test = truth(frame, node.test)
    with frame.binding(facts(frame, node.test)):
        then = lower(frame, node.body, expected)
    with frame.binding(facts(frame, node.test, positive=False)):
        other = lower(frame, node.orelse, expected)
    return choose(test, then, other, frame.span(node))


def choose(test: Expr, then: Expr, other: Expr, span: Any) -> Expr:
    """A conditional expression, folded where the test is constant."""
    if isinstance(then, Undefined) or isinstance(other, Undefined):
        kind = other.type if isinstance(then, Undefined) else then.type
    else:
        kind = joined(then.type, other.type)
    if kind == OptionType(INTEGER):
        kind = _ranged(kind, then, other)
    if isinstance(test, Const):
        return coerce(then if test.value else other, kind)
    if kind == INTEGER:
        return Choose(kind, span, test, then, other)
    return Choose(kind, span, test, coerce(then, kind), coerce(other, kind))


def _ranged(kind: Type, *branches: Expr) -> Type:
    """The type of integers that may be None, with their range where one is known."""
    bounds = []
    for branch in branches:
        own = branch.type.item if isinstance(branch.type, OptionType) else None
        match own if own is not None else branch:
            case IntType(low=int(low), high=int(high)):
                bounds.append((low, high))
            case Expr() if (known := interval(branch)) is not None:
                bounds.append(known)
            case BoolType():  # of None itself
                pass
            case _:
                return kind
    return OptionType(IntType(min(low for low, _ in bounds), max(high for _, high in bounds)))


def _subscript(frame: Frame, node: ast.Subscript, _: Type | None) -> Expr | Static:
    base = lower_any(frame, node.value)
    if isinstance(base, Static):
        return _table(frame, node, base.value)
    return subscript(frame, node, base)


def subscript(frame: Frame, node: ast.Subscript, base: Expr) -> Expr:
    """The value of a map at a key, or the element of a sequence at an index."""
    span = frame.span(node)
    if isinstance(base.type, MapType):
        return At(base.type.value, span, base, lower(frame, node.slice, base.type.key))
    if isinstance(base.type, SeqType):
        if isinstance(node.slice, ast.Slice):
            frame.refuse(node, "slices are not in the language", "truncate, pop_first, or Seq([…])")
        index = integer(frame, node.slice)
        bounds = interval(index)
        if bounds is not None and bounds[1] < 0:
            frame.refuse(node, "there are no negative indices", "q[len(q) - 1]")
        return At(base.type.item, span, base, index)
    frame.refuse(node, f"a value of type {base.type} cannot be indexed")


def _table(frame: Frame, node: ast.Subscript, table: Any) -> Expr | Static:
    """A constant dict of the module, as a chain of conditions on its keys."""
    if not isinstance(table, Mapping):
        return (
            Static(table[frame.resolve(node.slice)])
            if isinstance(table, dict)
            else Static(
                eval(ast.unparse(node), dict(frame.source.names))  # noqa: S307 - a generic alias
            )
        )
    key = lower(frame, node.slice)
    span = frame.span(node)
    entries = [(constant(frame, node, k), constant(frame, node, v)) for k, v in table.items()]
    result: Expr | None = None
    for known, value in reversed(entries):
        if known is None or value is None:
            frame.refuse(node, "its keys and values are not all values of the language")
        if result is None:
            result = Undefined(value.type, span, f"no entry of {ast.unparse(node.value)}")
        result = choose(equal(key, known, span), value, result, span)
    if result is None:
        frame.refuse(node, "the table is empty")
    return result


def _call(frame: Frame, node: ast.Call, expected: Type | None) -> Expr:
    from checker.language.lowering.calls import lower_call

    return lower_call(frame, node, expected)


def _comprehension(frame: Frame, node: ast.expr, expected: Type | None) -> Expr:
    from checker.language.lowering.comprehensions import lower_set

    return lower_set(frame, node, expected)


EXPRESSIONS: Mapping[type[ast.expr], Callable[[Frame, Any, Type | None], Expr | Static]] = {
    ast.Constant: _literal,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.BoolOp: boolean,
    ast.UnaryOp: unary,
    ast.BinOp: binary,
    ast.Compare: compare,
    ast.IfExp: _conditional,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.SetComp: _comprehension,
    ast.Set: _comprehension,
}


REFUSED: Mapping[type[ast.expr], tuple[str, str]] = {
    ast.Lambda: ("a lambda", "a helper function with annotations"),
    ast.ListComp: ("a list", "Seq([… for … in …])"),
    ast.List: ("a list", "Seq([…])"),
    ast.Dict: ("a dict", "Map({k: … for k in K})"),
    ast.DictComp: ("a dict", "Map({k: … for k in K})"),
    ast.Tuple: ("a tuple", "a Record"),
    ast.GeneratorExp: ("a generator by itself", "any(…), all(…), sum(…), min(…) or max(…)"),
    ast.JoinedStr: ("a string", "an Enum"),
    ast.NamedExpr: (":=", "an assignment before the expression"),
    ast.Await: ("await", ""),
    ast.Yield: ("yield", "a parameter, which the checker chooses"),
    ast.Starred: ("*", "the arguments one by one"),
    ast.Slice: ("a slice", "truncate, pop_first, or Seq([…])"),
}
