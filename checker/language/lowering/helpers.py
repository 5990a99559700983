"""Helpers, which are inlined as expressions.

Its locals become bindings and its branches conditional expressions.  A helper that changes state
becomes the statements that it consists of instead (see `changes`).
"""

from __future__ import annotations

import ast
import inspect
import typing
from types import FunctionType
from typing import Any

from checker.language.ir import At, Bind, Const, Expr, Node, Undefined, Var, walk
from checker.language.lowering.coercion import is_place
from checker.language.lowering.door import lower, truth
from checker.language.lowering.expressions import choose
from checker.language.lowering.frame import MAX_INLINING, Frame, assigned_once
from checker.language.lowering.operations import facts
from checker.language.lowering.patterns import lower_cases
from checker.language.lowering.source import source_of
from checker.language.types import PartType, SeqType, StructType, Type


def enter(
    frame: Frame, node: ast.Call, function: FunctionType, receiver: Expr | None
) -> tuple[Frame, list[tuple[str, ast.expr, Type | None]]]:
    """A frame for the inlined function, and its parameters with what was passed.

    Parameters that are not passed have their defaults bound already.
    """
    if len(frame.within) >= MAX_INLINING:
        if function in frame.within:
            hint = "a bounded `for` or comprehension"
            frame.refuse(node, f"{function.__name__} calls itself", hint)
        frame.refuse(node, f"helpers call one another more than {MAX_INLINING} deep",
                     "fewer helpers within helpers")  # fmt: skip
    scope = dict(getattr(_owner(receiver), "_scope", {}) if receiver is not None else {})
    source = source_of(function, scope)
    inner = Frame(
        frame.method,
        source,
        once=assigned_once(source.tree),
        types=types_of(receiver),
        within=(*frame.within, function),
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
    if receiver is not None and not simple(receiver):
        name = frame.method.fresh("it")
        bound.append((name, receiver))
        receiver = Var(receiver.type, receiver.span, name)
    inner, passed = enter(frame, node, function, receiver)
    for name, argument, kind in passed:
        value = lower(frame, argument, None if isinstance(kind, PartType) else kind)
        if not simple(value):
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


def simple(value: Expr) -> bool:
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
    if simple(value):
        with frame.binding({name: value}):
            return block(frame, rest, kind)
    fresh = frame.method.fresh(name)
    with frame.binding({name: Var(value.type, value.span, fresh)}):
        body = block(frame, rest, kind)
    return Bind(body.type, value.span, fresh, value, body)
