"""Calls: what the language provides, and helpers, which are inlined.

A helper that returns a value becomes an expression: its locals become bindings and its branches
conditional expressions.  A helper that changes state becomes the statements that it consists of
(see `statements`).
"""

from __future__ import annotations

import ast
import dataclasses
import inspect
import typing
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any

from checker.language.annotations import record_fields
from checker.language.domains import Index, is_index
from checker.language.ir import (
    Apply,
    At,
    Bind,
    Const,
    Expr,
    Fold,
    Get,
    IsA,
    Make,
    Node,
    Op,
    Undefined,
    Var,
    walk,
)
from checker.language.lowering.coercion import coerce, interval, is_place
from checker.language.lowering.comprehensions import (
    lower_collection,
    lower_fold,
    lower_map,
)
from checker.language.lowering.expressions import (
    arithmetic,
    choose,
    facts,
    integer,
    lower,
    lower_any,
    truth,
)
from checker.language.lowering.frame import MAX_INLINING, Frame, Static, assigned_once
from checker.language.lowering.patterns import lower_cases
from checker.language.lowering.source import source_of
from checker.language.types import (
    BOOL,
    INTEGER,
    BagType,
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
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
        builtin = _BUILTINS.get(target)
    except TypeError:
        builtin = None
    if builtin is not None:
        return builtin(frame, node, expected)
    origin = getattr(target, "__origin__", target)
    if origin in CONTAINERS:
        _arity(frame, node, 0, 1)
        argument = node.args[0] if node.args else None
        return lower_collection(frame, argument, CONTAINERS[origin], expected, node)
    if origin is Map:
        _arity(frame, node, 1, 1)
        return lower_map(frame, node.args[0], expected)
    if is_index(target):
        return _index(frame, node, target)
    if isinstance(target, type) and issubclass(target, Record):
        return _record(frame, node, target)
    if isinstance(target, FunctionType):
        return inline(frame, node, target, None)
    frame.refuse(node, f"{ast.unparse(node.func)} is not in the language", _CALL_HINT)


_CALL_HINT = "a helper function or method, written in Python with annotations"


def _arity(frame: Frame, node: ast.Call, least: int, most: int) -> None:
    if not least <= len(node.args) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        frame.refuse(node, f"{ast.unparse(node.func)} takes {wanted} arguments here")


# ------------------------------------------------------------ provided functions


def _len(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    _arity(frame, node, 1, 1)
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
        _arity(frame, node, 1, 1)
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
    if _simple(default):
        return lower_fold(frame, node.args[0], fold, default)
    bounds = interval(default)
    kind = INTEGER if bounds is None else IntType(*bounds)
    name = frame.method.fresh("default")
    result = lower_fold(frame, node.args[0], fold, Var(kind, default.span, name))
    return Bind(result.type, result.span, name, default, result)


def _int(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    _arity(frame, node, 1, 1)
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
    _arity(frame, node, 2, 2)
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
    _arity(frame, node, 1, 1)
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
    _arity(frame, node, 1, 1)
    if not isinstance(expected, MapType):
        frame.refuse(node, "each(…) fills a map of the state", "Map({k: … for k in K})")
    from checker.language.ir import Table

    body = lower(frame, node.args[0], expected.value)
    return Table(expected, frame.span(node), frame.method.fresh("key"), body)


def _bool(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    _arity(frame, node, 1, 1)
    return truth(frame, node.args[0])


def _index(frame: Frame, node: ast.Call, cls: type[Index]) -> Expr:
    _arity(frame, node, 1, 1)
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


def _refused_require(frame: Frame, node: ast.Call, _: Type | None) -> Expr:
    frame.refuse(node, "require stands on a line of its own")


def _builtins() -> dict[Any, Callable[[Frame, ast.Call, Type | None], Expr]]:
    from checker.language.machine import require
    from checker.language.values import each

    return {
        len: _len, any: _fold(Fold.ANY), all: _fold(Fold.ALL), sum: _fold(Fold.SUM),
        min: _extreme(Fold.MIN, Op.MIN), max: _extreme(Fold.MAX, Op.MAX),
        int: _int, bool: _bool, isinstance: _isinstance, dataclasses.replace: _replace,
        each: _each, require: _refused_require,
    }  # fmt: skip


_BUILTINS = _builtins()


# ------------------------------------------------------------ methods of values


def _method(frame: Frame, node: ast.Call, base: Expr, name: str) -> Expr:
    kind = base.type
    if isinstance(kind, OptionType):
        base = coerce(base, kind.item)
        kind = base.type
    if isinstance(kind, BagType) and name == "count":
        _arity(frame, node, 1, 1)
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


# ------------------------------------------------------------ helpers, inlined as expressions


def enter(
    frame: Frame, node: ast.Call, function: FunctionType, receiver: Expr | None
) -> tuple[Frame, list[tuple[str, ast.expr, Type | None]]]:
    """A frame for the inlined function, and its parameters with what was passed.

    Parameters that are not passed have their defaults bound already.
    """
    if frame.depth >= MAX_INLINING:
        frame.refuse(node, f"{function.__name__} calls itself", "a bounded `for` or comprehension")
    scope = dict(getattr(_owner(receiver), "_scope", {}) if receiver is not None else {})
    source = source_of(function, scope)
    inner = Frame(
        frame.method,
        source,
        once=assigned_once(source.tree),
        types=types_of(receiver),
        depth=frame.depth + 1,
    )
    spec = source.tree.args
    if spec.vararg or spec.kwarg:
        frame.refuse(node, f"{function.__name__} takes * arguments", "name each parameter")
    names = [argument.arg for argument in (*spec.posonlyargs, *spec.args)]
    if receiver is not None:
        inner.bindings[names[0]] = receiver
        names = names[1:]
    names_all = [*names, *(argument.arg for argument in spec.kwonlyargs)]
    passed: dict[str, ast.expr] = dict(zip(names, node.args, strict=False))
    passed |= {k.arg: k.value for k in node.keywords if k.arg is not None}
    if len(node.args) > len(names) or set(passed) - set(names_all):
        frame.refuse(node, f"{function.__name__} does not take these arguments")
    signature = inspect.signature(function)
    notes = {a.arg: a.annotation for a in (*spec.posonlyargs, *spec.args, *spec.kwonlyargs)}
    found: list[tuple[str, ast.expr, Type | None]] = []
    for name in names_all:
        note = notes[name]
        if note is None:
            inner.refuse(inner.source.tree, f"{function.__name__}: {name} needs an annotation",
                         f"{name}: Type")  # fmt: skip
        kind = inner.resolve(note)
        if name in passed:
            found.append((name, passed[name], kind))
            continue
        default = signature.parameters[name].default
        if default is inspect.Parameter.empty:
            frame.refuse(node, f"{function.__name__} needs a value for {name}")
        inner.bindings[name] = Const(kind, frame.span(node), default)
    return inner, found


def types_of(receiver: Expr | None) -> dict[Any, Type]:
    """What type variables and Self stand for in the methods of a receiver."""
    if receiver is None:
        return {}
    bound = receiver.type.bound if isinstance(receiver.type, PartType) else ()
    return {**dict(bound), typing.Self: receiver.type}


def _owner(receiver: Expr) -> Any:
    return receiver.type.cls if isinstance(receiver.type, StructType) else None


def inline(frame: Frame, node: ast.Call, function: FunctionType, receiver: Expr | None) -> Expr:
    """A helper that returns a value, as an expression."""
    bound: list[tuple[str, Expr]] = []
    if receiver is not None and not _simple(receiver):
        name = frame.method.fresh("it")
        bound.append((name, receiver))
        receiver = Var(receiver.type, receiver.span, name)
    inner, passed = enter(frame, node, function, receiver)
    for name, argument, kind in passed:
        value = lower(frame, argument, None if isinstance(kind, PartType) else kind)
        if not _simple(value):
            fresh = frame.method.fresh(name)
            bound.append((fresh, value))
            value = Var(value.type, value.span, fresh)
        inner.bindings[name] = value
    returns = inner.source.tree.returns
    if returns is None or (isinstance(returns, ast.Constant) and returns.value is None):
        frame.refuse(node, f"{function.__name__} returns nothing",
                     "a helper that changes state stands on a line of its own")  # fmt: skip
    result = block(inner, without_docstring(inner.source.tree.body), inner.resolve(returns))
    for fresh, value in reversed(bound):
        result = Bind(result.type, result.span, fresh, value, result)
    return result


def _simple(value: Expr) -> bool:
    """Whether an argument can stand wherever the parameter does, or not at all: it never fails."""
    return isinstance(value, Const) or (is_place(value) and not any(map(_element, walk(value))))


def _element(node: Node) -> bool:
    """Whether this is an element of a sequence, which need not be there."""
    return isinstance(node, At) and isinstance(node.base.type, SeqType)


def without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    """The statements of a function, its docstring left out."""
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
        return body[1:] if isinstance(first.value.value, str) else body
    return body


def block(frame: Frame, body: list[ast.stmt], kind: Type) -> Expr:
    """What a list of statements returns, as an expression."""
    if not body:
        return Undefined(kind, None, "the helper returns nothing here")
    first, rest = body[0], body[1:]
    match first:
        case ast.Return(value=value) if value is not None:
            return lower(frame, value, kind)
        case ast.If(test=test_node, body=then, orelse=other):
            test = truth(frame, test_node)
            with frame.binding(facts(frame, test_node)):
                yes = block(frame, [*then, *rest], kind)
            with frame.binding(facts(frame, test_node, positive=False)):
                no = block(frame, [*other, *rest], kind)
            return choose(test, yes, no, frame.span(first))
        case ast.Match():
            return lower_cases(frame, first, kind, rest, block)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return _bind(frame, name, lower(frame, value), rest, kind)
        case ast.AnnAssign(target=ast.Name(id=name), value=value, annotation=note) if value:
            return _bind(frame, name, lower(frame, value, frame.resolve(note)), rest, kind)
        case ast.Assert(test=test_node):
            follow = block(frame, rest, kind)
            failed = Undefined(kind, frame.span(first), f"assert {ast.unparse(test_node)}")
            return choose(truth(frame, test_node), follow, failed, frame.span(first))
        case ast.Pass():
            return block(frame, rest, kind)
        case _:
            frame.refuse(
                first,
                "a helper that returns a value consists of locals, if, match and return",
                "a comprehension instead of a loop; changes of state in a helper of their own",
            )


def _bind(frame: Frame, name: str, value: Expr, rest: list[ast.stmt], kind: Type) -> Expr:
    if _simple(value):
        with frame.binding({name: value}):
            return block(frame, rest, kind)
    fresh = frame.method.fresh(name)
    with frame.binding({name: Var(value.type, value.span, fresh)}):
        body = block(frame, rest, kind)
    return Bind(body.type, value.span, fresh, value, body)


__all__ = [
    "CONTAINERS",
    "block",
    "enter",
    "inline",
    "lower_call",
    "types_of",
    "user_method",
    "without_docstring",
]
