"""Helpers that change state: they are inlined as the statements that they consist of."""

from __future__ import annotations

import ast
from types import FunctionType

from checker.language.ir import Const, Expr, Let, Var
from checker.language.lowering.calls import user_method
from checker.language.lowering.coercion import is_place
from checker.language.lowering.door import lower, lower_any
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.helpers import enter
from checker.language.lowering.places import Body, let, names_place, pinned
from checker.language.types import PartType, StructType

_PROVIDED = ("dataclasses", "checker.language.machine", "checker.language.values")


def procedure(frame: Frame, node: ast.expr) -> ast.Call | None:
    """The call of a helper that changes state and returns a value, if `node` is one."""
    if not isinstance(node, ast.Call):
        return None
    found = _callee(frame, node)
    if found is None:
        return None
    function, receiver = found
    inner, _ = enter(frame, node, function, receiver)
    return node if _changes_state(inner.source.tree) else None


def _changes_state(tree: ast.FunctionDef) -> bool:
    for node in ast.walk(tree):
        targets = (
            node.targets
            if isinstance(node, ast.Assign)
            else ([node.target] if isinstance(node, ast.AugAssign) else [])
        )
        if any(isinstance(target, ast.Attribute | ast.Subscript) for target in targets):
            return True
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            return True
        if isinstance(node, ast.For):
            return True
    return False


def _callee(frame: Frame, node: ast.Call) -> tuple[FunctionType, Expr | None] | None:
    if isinstance(node.func, ast.Attribute):
        base = lower_any(frame, node.func.value)
        if isinstance(base, Expr):
            if not isinstance(base.type, StructType):
                return None
            return user_method(frame, node, base.type.cls, node.func.attr), base
    target = lower_any(frame, node.func)
    if isinstance(target, Static) and isinstance(target.value, FunctionType):
        return (target.value, None) if target.value.__module__ not in _PROVIDED else None
    return None


def in_statements(frame: Frame, node: ast.Call, result: str | None) -> tuple[Body, Expr | None]:
    """A helper as its statements; its result, where one is wanted, in a variable."""
    from checker.language.lowering.statements import lower_body

    found = _callee(frame, node)
    if found is None:
        frame.refuse(node, f"{ast.unparse(node.func)} is not in the language",
                     "a helper method or function that changes state")  # fmt: skip
    function, receiver = found
    prelude: Body = []
    if receiver is not None:
        receiver = pinned(frame, receiver, prelude) if is_place(receiver) else receiver
    inner, passed = enter(frame, node, function, receiver)
    for name, argument, kind in passed:
        value = lower(frame, argument, None if isinstance(kind, PartType) else kind)
        if names_place(value):
            inner.bindings[name] = pinned(frame, value, prelude)
        elif isinstance(value, Const):
            inner.bindings[name] = value
        else:
            variable = Var(value.type, value.span, frame.method.fresh(name))
            prelude.append(Let(frame.span(argument), variable.name, value))
            inner.bindings[name] = inner.locals[name] = variable
    left: Var | None = None
    if result is not None:
        returns = inner.source.tree.returns
        if returns is None:
            inner.refuse(inner.source.tree, "the result needs an annotation", "-> Type")
        kind = inner.resolve(returns)
        left = Var(kind, frame.span(node), frame.method.fresh(result))
        inner.result, inner.result_type = left.name, kind
    return [*prelude, *lower_body(inner, inner.source.tree.body)], left


def local_from_call(frame: Frame, node: ast.stmt, name: str, call: ast.Call) -> Body:
    """`x = helper(…)`, where the helper changes state."""
    body, result = in_statements(frame, call, "result")
    assert result is not None
    return [*body, let(frame, node, name, result, None)]
