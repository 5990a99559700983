"""Calls: of what is provided, of what makes values, of methods, of helpers."""

from __future__ import annotations

import ast
import dataclasses
import inspect
from collections.abc import Mapping
from types import FunctionType
from typing import Any

from checker.language.annotations import record_fields
from checker.language.domains import Index, is_index
from checker.language.ir import Apply, Const, Expr, IsA, Make, Op, Undefined
from checker.language.lowering.coercion import coerce
from checker.language.lowering.comprehensions import lower_collection, lower_map
from checker.language.lowering.door import integer, lower, lower_any
from checker.language.lowering.expressions import choose
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.helpers import inline
from checker.language.lowering.provided import BUILTINS, arity
from checker.language.types import (
    BOOL,
    INTEGER,
    BagType,
    CollectionType,
    IndexType,
    OptionType,
    RecordType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
)
from checker.language.values import Bag, Map, Record, Seq, Set

CONTAINERS: Mapping[Any, type[CollectionType]] = {Set: SetType, Seq: SeqType, Bag: BagType}


def lower_call(frame: Frame, node: ast.Call, expected: Type | None) -> Expr:
    """A call in an expression."""
    if any(isinstance(argument, ast.Starred) for argument in node.args):
        frame.refuse(node, "* is not in the language", "the arguments one by one")
    if isinstance(node.func, ast.Attribute):
        base = lower_any(frame, node.func.value)
        if isinstance(base, Expr):
            return _method(frame, node, base, node.func.attr)
    target = lower_any(frame, node.func)
    if not isinstance(target, Static):
        frame.refuse(node, f"{ast.unparse(node.func)} cannot be called")
    return _static_call(frame, node, target.value, expected)


def _static_call(frame: Frame, node: ast.Call, target: Any, expected: Type | None) -> Expr:
    try:
        builtin = BUILTINS.get(target)
    except TypeError:
        builtin = None
    if builtin is not None:
        return builtin(frame, node, expected)
    origin = getattr(target, "__origin__", target)
    if origin in CONTAINERS:
        arity(frame, node, 0, 1)
        argument = node.args[0] if node.args else None
        return lower_collection(frame, argument, CONTAINERS[origin], expected, node)
    if origin is Map:
        arity(frame, node, 1, 1)
        return lower_map(frame, node.args[0], expected)
    if is_index(target):
        return _index(frame, node, target)
    if isinstance(target, type) and issubclass(target, Record):
        return _record(frame, node, target)
    if isinstance(target, FunctionType):
        return inline(frame, node, target, None)
    frame.refuse(node, f"{ast.unparse(node.func)} is not in the language", _CALL_HINT)


_CALL_HINT = "a helper function or method, written in Python with annotations"


def _index(frame: Frame, node: ast.Call, cls: type[Index]) -> Expr:
    arity(frame, node, 1, 1)
    kind = frame.method.resolver.resolve(cls)
    assert isinstance(kind, IndexType)
    if kind.symmetric:
        frame.refuse(node, f"{kind} is symmetric: none of its values can be named",
                     "choose one by a parameter, or declare it without symmetric=True")  # fmt: skip
    value = integer(frame, node.args[0])
    if isinstance(value, Const) and 0 <= value.value < kind.size:
        return Const(kind, frame.span(node), cls(value.value))
    return Apply(kind, frame.span(node), Op.INDEX, (value,))


def _record(frame: Frame, node: ast.Call, cls: type[Record]) -> Expr:
    kind = frame.method.resolver.resolve(cls)
    assert isinstance(kind, RecordType)
    names = record_fields(cls)
    given: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    if len(node.args) > len(names):
        frame.refuse(node, f"{kind} has {len(names)} fields")
    for keyword in node.keywords:
        if keyword.arg is None or keyword.arg not in names:
            frame.refuse(node, f"{kind} has no field {keyword.arg}")
        given[keyword.arg] = keyword.value
    args = []
    for name, own in kind.fields:
        if name in given:
            args.append(lower(frame, given[name], own))
        else:
            default = next(f.default for f in dataclasses.fields(cls) if f.name == name)  # type: ignore[arg-type]
            if default is dataclasses.MISSING:
                frame.refuse(node, f"{kind} needs a value for {name}")
            args.append(Const(own, frame.span(node), default))
    made = Make(kind, frame.span(node), tuple(args))
    if all(isinstance(argument, Const) for argument in args):
        return Const(kind, made.span, cls(*(a.value for a in args if isinstance(a, Const))))
    return made


def _method(frame: Frame, node: ast.Call, base: Expr, name: str) -> Expr:
    kind = base.type
    if isinstance(kind, OptionType):
        base = coerce(base, kind.item)
        kind = base.type
    if isinstance(kind, BagType) and name == "count":
        arity(frame, node, 1, 1)
        item = lower(frame, node.args[0], kind.item)
        return Apply(INTEGER, frame.span(node), Op.COUNT, (base, item))
    if isinstance(kind, StructType):
        return inline(frame, node, user_method(frame, node, kind.cls, name), base)
    if isinstance(kind, UnionType):
        return _union_method(frame, node, base, kind, name)
    frame.refuse(node, f"{kind} has no method {name} in an expression",
                 "changes of state stand on a line of their own")  # fmt: skip


def _union_method(frame: Frame, node: ast.Call, base: Expr, kind: UnionType, name: str) -> Expr:
    having = [option for option in kind.options if hasattr(option.cls, name)]
    if not having:
        frame.refuse(node, f"{kind} has no method {name}")
    result: Expr | None = None
    span = frame.span(node)
    for option in reversed(having):
        one = inline(frame, node, user_method(frame, node, option.cls, name), coerce(base, option))
        if result is None:
            whole = len(having) == len(kind.options)
            result = (
                one
                if whole
                else choose(
                    IsA(BOOL, span, base, option),
                    one,
                    Undefined(one.type, span, f"no {name}"),
                    span,
                )
            )
        else:
            result = choose(IsA(BOOL, span, base, option), one, result, span)
    assert result is not None
    return result


def user_method(frame: Frame, node: ast.AST, cls: type[Any], name: str) -> FunctionType:
    """The function behind a method or property of a user's class."""
    found = inspect.getattr_static(cls, name, None)
    if isinstance(found, staticmethod | classmethod):
        frame.refuse(node, f"{cls.__name__}.{name} is a {type(found).__name__}", "a plain method")
    found = getattr(found, "__wrapped__", found)
    if not isinstance(found, FunctionType):
        frame.refuse(node, f"{cls.__name__} has no method {name}")
    return found
