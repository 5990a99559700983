"""`match`: patterns as tests and bindings.

A case is a condition on the subject and names for parts of it.  Both an expression (in a helper
that returns a value) and a statement (in an action) are made of the same list of cases.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass

from checker.language.annotations import record_fields
from checker.language.ir import Bind, Const, Expr, Get, IsA, Op, Undefined, Var
from checker.language.lowering.coercion import coerce, is_none, is_place
from checker.language.lowering.comparisons import equal
from checker.language.lowering.door import FALSE, TRUE, lower, lower_any, truth
from checker.language.lowering.expressions import choose
from checker.language.lowering.frame import Frame, Static
from checker.language.lowering.operations import connect, negate
from checker.language.types import BOOL, OptionType, RecordType, Type, UnionType


@dataclass(frozen=True)
class Case:
    """A pattern: the condition under which it fits, and what its names then mean."""

    test: Expr
    names: dict[str, Expr]


def lower_pattern(frame: Frame, subject: Expr, pattern: ast.pattern) -> Case:
    """The case that `pattern` is for `subject`, an expression that can be repeated."""
    match pattern:
        case ast.MatchAs(pattern=None, name=None):
            return Case(TRUE, {})
        case ast.MatchAs(pattern=None, name=str(name)):
            return Case(TRUE, {name: subject})
        case ast.MatchAs(pattern=ast.pattern() as inner, name=str(name)):
            case = lower_pattern(frame, subject, inner)
            narrowed = subject
            if isinstance(inner, ast.MatchClass):
                narrowed = coerce(subject, _option(frame, subject, inner))
            return Case(case.test, {**case.names, name: narrowed})
        case ast.MatchValue(value=value):
            return Case(equal(subject, lower(frame, value), frame.span(pattern)), {})
        case ast.MatchSingleton(value=None):
            if not isinstance(subject.type, OptionType):
                return Case(FALSE, {})
            return Case(is_none(subject), {})
        case ast.MatchSingleton(value=bool(value)):
            constant = Const(BOOL, frame.span(pattern), value)
            return Case(equal(subject, constant, frame.span(pattern)), {})
        case ast.MatchOr(patterns=patterns):
            return _either(frame, subject, pattern, patterns)
        case ast.MatchClass():
            return _record(frame, subject, pattern)
        case _:
            frame.refuse(pattern, "this pattern is not in the language", "a record, value or name")


def _either(frame: Frame, subject: Expr, pattern: ast.pattern, patterns: list[ast.pattern]) -> Case:
    cases = [lower_pattern(frame, subject, one) for one in patterns]
    if any(case.names for case in cases):
        frame.refuse(pattern, "alternatives bind no names", "one case each")
    test: Expr = FALSE
    for case in reversed(cases):
        test = connect(Op.OR, case.test, test, frame.span(pattern))
    return Case(test, {})


def _option(frame: Frame, subject: Expr, pattern: ast.MatchClass) -> RecordType:
    kind = subject.type.item if isinstance(subject.type, OptionType) else subject.type
    wanted = lower_any(frame, pattern.cls)
    options = kind.options if isinstance(kind, UnionType) else (kind,)
    named = wanted.value if isinstance(wanted, Static) else None
    for option in options:
        if isinstance(option, RecordType) and option.cls is named:
            return option
    frame.refuse(pattern, f"{kind} is never a {ast.unparse(pattern.cls)}")


def _record(frame: Frame, subject: Expr, pattern: ast.MatchClass) -> Case:
    option = _option(frame, subject, pattern)
    span = frame.span(pattern)
    test: Expr = TRUE
    if isinstance(subject.type, OptionType):
        test = negate(is_none(subject))
    inner = coerce(subject, subject.type.item) if isinstance(subject.type, OptionType) else subject
    if isinstance(inner.type, UnionType):
        test = connect(Op.AND, test, IsA(BOOL, span, inner, option), span)
    value = coerce(inner, option)
    names: dict[str, Expr] = {}
    fields = record_fields(option.cls)
    if len(pattern.patterns) > len(fields):
        frame.refuse(pattern, f"{option} has {len(fields)} fields")
    parts = [*zip(fields, pattern.patterns, strict=False),
             *zip(pattern.kwd_attrs, pattern.kwd_patterns, strict=True)]  # fmt: skip
    for name, part in parts:
        kind = option.field(name)
        if kind is None:
            frame.refuse(part, f"{option} has no field {name}")
        case = lower_pattern(frame, Get(kind, span, value, name), part)
        test = connect(Op.AND, test, case.test, span)
        names |= case.names
    return Case(test, names)


Block = Callable[[Frame, list[ast.stmt], Type], Expr]


def lower_cases(
    frame: Frame, node: ast.Match, kind: Type, rest: list[ast.stmt], block: Block
) -> Expr:
    """A `match` in a helper that returns a value: each case, then what follows the match."""
    subject = lower(frame, node.subject)
    if is_place(subject) or isinstance(subject, Const):
        return _chain(frame, node, subject, kind, rest, block)
    name = frame.method.fresh("subject")
    variable = Var(subject.type, subject.span, name)
    body = _chain(frame, node, variable, kind, rest, block)
    return Bind(body.type, subject.span, name, subject, body)


def _chain(
    frame: Frame, node: ast.Match, subject: Expr, kind: Type, rest: list[ast.stmt], block: Block
) -> Expr:
    result: Expr = (
        block(frame, rest, kind)
        if rest
        else Undefined(kind, frame.span(node), "no case of the match fits")
    )
    for one in reversed(node.cases):
        case = lower_pattern(frame, subject, one.pattern)
        with frame.binding({**narrowing(frame, node, subject, one), **case.names}):
            test = case.test
            if one.guard is not None:
                test = connect(Op.AND, test, truth(frame, one.guard), frame.span(one.guard))
            body = block(frame, [*one.body, *rest], kind)
        result = choose(test, body, result, frame.span(node))
    return result


def narrowing(
    frame: Frame, node: ast.Match, subject: Expr, case: ast.match_case
) -> dict[str, Expr]:
    """Inside a case for one record, the name that is matched means that record."""
    if not isinstance(node.subject, ast.Name) or not isinstance(case.pattern, ast.MatchClass):
        return {}
    return {node.subject.id: coerce(subject, _option(frame, subject, case.pattern))}
