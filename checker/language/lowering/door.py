"""The door to expressions: any of them, a value, a condition, an integer.

Who handles what is said by the tables of `expressions`, which is loaded when the first is asked
for: the handlers come back here for what an expression is made of.
"""

from __future__ import annotations

import ast
from typing import Any

from checker.language.domains import Index
from checker.language.ir import Const, Expr
from checker.language.lowering.coercion import coerce, scalar
from checker.language.lowering.frame import Frame, Static
from checker.language.types import BOOL, IntType, OptionType, Type

TRUE = Const(BOOL, None, value=True)
FALSE = Const(BOOL, None, value=False)


def lower(frame: Frame, node: ast.expr, expected: Type | None = None) -> Expr:
    """The expression that `node` is, brought to `expected` where one is given."""
    found = lower_any(frame, node, expected)
    if isinstance(found, Static):
        value = constant(frame, node, found.value)
        if value is None:
            frame.refuse(node, f"{ast.unparse(node)} is not a value of the language")
        found = value
    if expected is None:
        return found
    with frame.at(node):
        return coerce(found, expected)


def lower_any(frame: Frame, node: ast.expr, expected: Type | None = None) -> Expr | Static:
    """The expression or Python object that `node` is."""
    from checker.language.lowering.expressions import EXPRESSIONS, REFUSED

    handler = EXPRESSIONS.get(type(node))
    if handler is None:
        what, hint = REFUSED.get(type(node), (type(node).__name__, ""))
        frame.refuse(node, f"{what} is not in the language", hint)
    with frame.at(node):
        return handler(frame, node, expected)


def truth(frame: Frame, node: ast.expr) -> Expr:
    """A condition; LanguageError where the expression is not a bool."""
    found = lower(frame, node)
    if found.type != BOOL:
        text = ast.unparse(node)
        hint = {
            OptionType: f"{text} is not None",
            IntType: f"{text} != 0",
        }.get(type(found.type), f"len({text}) > 0")
        frame.refuse(node, f"a condition is a bool, and this is of type {found.type}", hint)
    return found


def constant(frame: Frame, node: ast.expr, value: Any) -> Expr | None:
    """What a Python object is as a value of the language; None for what is none."""
    if isinstance(value, Index):
        kind = frame.method.resolver.resolve(type(value))
        return Const(kind, frame.span(node), value)
    return scalar(value, frame.span(node))


def integer(frame: Frame, node: ast.expr) -> Expr:
    """A number; LanguageError where the expression is none."""
    return checked_integer(frame, node, lower(frame, node))


def checked_integer(frame: Frame, node: ast.AST, value: Expr) -> Expr:
    """A value that has to be a number; LanguageError where it is none."""
    if isinstance(value.type, OptionType) and isinstance(value.type.item, IntType):
        value = coerce(value, value.type.item)
    if not isinstance(value.type, IntType):
        hint = "int(…) is the number of an index or bool"
        frame.refuse(node, f"an integer is wanted, and this is of type {value.type}", hint)
    return value
