"""What Python and the language provide to be called: len, any, min, int, isinstance, each."""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Callable
from typing import Any

from checker.language.ir import Apply, Bind, Const, Expr, Fold, Get, IsA, Make, Op, Var
from checker.language.lowering.coercion import coerce, interval
from checker.language.lowering.comprehensions import lower_fold
from checker.language.lowering.door import integer, lower, lower_any, truth
from checker.language.lowering.expressions import choose
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.helpers import simple
from checker.language.lowering.operations import arithmetic
from checker.language.types import (
    BOOL,
    INTEGER,
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    RecordType,
    Type,
    UnionType,
)


def arity(frame: Frame, node: ast.Call, least: int, most: int) -> None:
    """LanguageError where a call has fewer arguments, or more."""
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        frame.refuse(node, f"{ast.unparse(node.func)} takes {wanted} arguments here")


def _len(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    arity(frame, node, 1, 1)
    span = frame.span(node)
    argument = node.args[0]
    if isinstance(argument, ast.ListComp):
        one = ast.copy_location(ast.Constant(1), argument)
        counted = ast.copy_location(ast.GeneratorExp(one, argument.generators), argument)
        return lower_fold(frame, counted, Fold.SUM)
    whole = lower_any(frame, argument)
    if isinstance(whole, Static):
        kind = frame.method.resolver.resolve(whole.value)
        count = kind.count or 0
        return Const(IntType(count, count), span, count)
    if isinstance(whole.type, MapType):
        count = whole.type.key.count or 0
        return Const(IntType(count, count), span, count)
    if not isinstance(whole.type, CollectionType):
        frame.refuse(node, f"a value of type {whole.type} has no length")
    return Apply(INTEGER, span, Op.LEN, (whole,))


def _fold(fold: Fold) -> Callable[[Frame, ast.Call, Type | None], Expr]:
    def handle(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
        arity(frame, node, 1, 1)
        return lower_fold(frame, node.args[0], fold)

    return handle


def _extreme(fold: Fold, op: Op) -> Callable[[Frame, ast.Call, Type | None], Expr]:
    def handle(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
        if len(node.args) == 1:
            default = next((k.value for k in node.keywords if k.arg == "default"), None)
            if default is None:
                return lower_fold(frame, node.args[0], fold, None)
            return _with_default(frame, node, fold, integer(frame, default))
        values = [integer(frame, argument) for argument in node.args]
        result = values[0]
        for value in values[1:]:
            result = arithmetic(frame, node, op, result, value)
        return result

    return handle


def _with_default(frame: Frame, node: ast.Call, fold: Fold, default: Expr) -> Expr:
    """`min` or `max` with a default, which Python evaluates also where it is not needed."""
    if simple(default):
        return lower_fold(frame, node.args[0], fold, default)
    bounds = interval(default)
    kind = INTEGER if bounds is None else IntType(*bounds)
    name = frame.method.fresh("default")
    result = lower_fold(frame, node.args[0], fold, Var(kind, default.span, name))
    return Bind(result.type, result.span, name, default, result)


def _int(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    arity(frame, node, 1, 1)
    value = lower(frame, node.args[0])
    if isinstance(value.type, OptionType):
        value = coerce(value, value.type.item)
    if isinstance(value.type, IntType):
        return value
    if isinstance(value.type, IndexType) and value.type.symmetric:
        frame.refuse(node, f"{value.type} is symmetric: its values have no numbers")
    if value.type != BOOL and not isinstance(value.type, IndexType):
        frame.refuse(node, f"a value of type {value.type} has no number")
    return Apply(INTEGER, frame.span(node), Op.ORDINAL, (value,))


def _isinstance(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    arity(frame, node, 2, 2)
    value, wanted = lower(frame, node.args[0]), lower_any(frame, node.args[1])
    optional = isinstance(value.type, OptionType)
    kind = value.type.item if isinstance(value.type, OptionType) else value.type
    options = kind.options if isinstance(kind, UnionType) else (kind,)
    chosen = [o for o in options if isinstance(o, RecordType) and isinstance(wanted, Static)
              and o.cls is wanted.value]  # fmt: skip
    if not chosen:
        frame.refuse(node, f"{kind} is never a {ast.unparse(node.args[1])}")
    span = frame.span(node)
    inner = coerce(value, kind)
    test: Expr = (
        IsA(BOOL, span, inner, chosen[0])
        if isinstance(kind, UnionType)
        else Const(BOOL, span, value=True)
    )
    if not optional:
        return test
    from checker.language.lowering.coercion import is_none

    return choose(is_none(value), Const(BOOL, span, value=False), test, span)


def _replace(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    arity(frame, node, 1, 1)
    value = lower(frame, node.args[0])
    kind = value.type
    if not isinstance(kind, RecordType):
        frame.refuse(node, f"replace takes a record, and this is of type {kind}")
    new = {keyword.arg: keyword.value for keyword in node.keywords}
    unknown = [name for name in new if name is None or kind.field(name) is None]
    if unknown:
        frame.refuse(node, f"{kind} has no field {unknown[0]}")
    args = tuple(
        lower(frame, new[name], own) if name in new else Get(own, frame.span(node), value, name)
        for name, own in kind.fields
    )
    return Make(kind, frame.span(node), args)


def _each(frame: Frame, node: ast.Call, expected: Type | None) -> Expr:
    arity(frame, node, 1, 1)
    if not isinstance(expected, MapType):
        frame.refuse(node, "each(…) fills a map of the state", "Map({k: … for k in K})")
    from checker.language.ir import Table

    body = lower(frame, node.args[0], expected.value)
    return Table(expected, frame.span(node), frame.method.fresh("key"), body)


def _bool(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    arity(frame, node, 1, 1)
    return truth(frame, node.args[0])


def _refused_require(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    frame.refuse(node, "require stands on a line of its own")


def _builtins() -> dict[Any, Callable[[Frame, ast.Call, Type | None], Expr]]:
    from checker.language.marks import require
    from checker.language.values import each

    return {
        len: _len, any: _fold(Fold.ANY), all: _fold(Fold.ALL), sum: _fold(Fold.SUM),
        min: _extreme(Fold.MIN, Op.MIN), max: _extreme(Fold.MAX, Op.MAX),
        int: _int, bool: _bool, isinstance: _isinstance, dataclasses.replace: _replace,
        each: _each, require: _refused_require,
    }  # fmt: skip


BUILTINS = _builtins()
