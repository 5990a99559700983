"""Statements: from the body of an action to a list of guards and effects.

An early `return` is removed on the way: what follows an `if` in which some branch returns is
moved into the branches that do not.  Here are branches and loops; the table says who handles
what else.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Any

from checker.language.ir import Assert, At, Const, Expr, For, If, Let, Op, Var
from checker.language.lowering.assignments import annotated, assign, augmented
from checker.language.lowering.changes import expression, is_require
from checker.language.lowering.comprehensions import lower_loop
from checker.language.lowering.door import lower, truth
from checker.language.lowering.frame import Frame
from checker.language.lowering.operations import connect, facts
from checker.language.lowering.patterns import lower_pattern, narrowing
from checker.language.lowering.places import MUTABLE, Body


def lower_body(frame: Frame, body: list[ast.stmt]) -> Body:
    """A list of statements, with `return` removed."""
    result: Body = []
    for position, statement in enumerate(body):
        rest = body[position + 1 :]
        if isinstance(statement, ast.Return):
            return [*result, *_return(frame, statement)]
        if isinstance(statement, ast.If | ast.Match) and rest and _returns(statement):
            return [*result, *_split(frame, statement, rest)]
        handler = _STATEMENTS.get(type(statement))
        if handler is None:
            what, hint = _REFUSED.get(type(statement), (type(statement).__name__, ""))
            frame.refuse(statement, f"{what} is not in the language", hint)
        with frame.at(statement):
            result.extend(handler(frame, statement))
            if isinstance(statement, ast.Expr) and is_require(frame, statement.value):
                known = facts(frame, statement.value.args[0])  # type: ignore[attr-defined]
                frame.bindings = {**frame.bindings, **known}
    return result


def _returns(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Return) for inner in ast.walk(node))


def _return(frame: Frame, node: ast.Return) -> Body:
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return []
    if frame.result is None:
        frame.refuse(node, "an action returns nothing", "assign to a field")
    return [Let(frame.span(node), frame.result, lower(frame, node.value, frame.result_type))]


def _split(frame: Frame, node: ast.If | ast.Match, rest: list[ast.stmt]) -> Body:
    """A branching statement some branch of which returns: the others go on with the rest."""
    if isinstance(node, ast.If):
        moved: ast.stmt = ast.If(node.test, _follow(node.body, rest), _follow(node.orelse, rest))
    else:
        cases = [ast.match_case(c.pattern, c.guard, _follow(c.body, rest)) for c in node.cases]
        if not _catches_all(node.cases[-1]):
            cases.append(ast.match_case(ast.MatchAs(), None, rest))
        moved = ast.Match(node.subject, cases)
    return lower_body(frame, [ast.copy_location(moved, node)])


def _catches_all(case: ast.match_case) -> bool:
    return case.guard is None and isinstance(case.pattern, ast.MatchAs) and not case.pattern.pattern


def _follow(body: list[ast.stmt], rest: list[ast.stmt]) -> list[ast.stmt]:
    return body if body and isinstance(body[-1], ast.Return) else [*body, *rest]


def _branch(
    frame: Frame, names: dict[str, Expr], body: list[ast.stmt]
) -> tuple[Body, dict[str, Expr]]:
    """A branch, and what names mean at its end."""
    before = frame.bindings
    frame.bindings = {**before, **names}
    lowered = lower_body(frame, body)
    after = {n: e for n, e in frame.bindings.items() if n not in names or n in before}
    frame.bindings = before
    return lowered, {n: before[n] if n in names else e for n, e in after.items()}


def _merge(frame: Frame, ends: list[dict[str, Expr]]) -> None:
    """After branches, a name is known where it has one meaning in all of them."""
    first, *others = ends
    frame.bindings = {
        name: meaning
        for name, meaning in first.items()
        if all(_same(other.get(name), meaning) for other in others)
    }


def _same(a: Expr | None, b: Expr) -> bool:
    return a is b or (isinstance(a, Var) and isinstance(b, Var) and a.name == b.name)


def _if(frame: Frame, node: ast.If) -> Body:
    test = truth(frame, node.test)
    if isinstance(test, Const):  # a design variant: the other branch is checked, and dropped
        kept, dropped = (node.body, node.orelse) if test.value else (node.orelse, node.body)
        _branch(frame, {}, dropped)
        return lower_body(frame, kept)
    then, end = _branch(frame, facts(frame, node.test), node.body)
    other, other_end = _branch(frame, facts(frame, node.test, positive=False), node.orelse)
    _merge(frame, [end, other_end])
    return [If(frame.span(node), test, tuple(then), tuple(other))]


def _match(frame: Frame, node: ast.Match) -> Body:
    subject = lower(frame, node.subject)
    prelude: Body = []
    if not isinstance(subject, Const) and not _lasting(frame, subject):
        name = frame.method.fresh("subject")
        prelude = [Let(subject.span, name, subject)]
        subject = Var(subject.type, subject.span, name)
    return [*prelude, *_cases(frame, node, subject, node.cases)]


def _lasting(frame: Frame, subject: Expr) -> bool:
    """Whether an expression is a variable that no statement changes."""
    changing = {v.name for name, v in frame.locals.items() if name not in frame.once}
    return isinstance(subject, Var) and subject.name not in changing


def _cases(frame: Frame, node: ast.Match, subject: Expr, cases: list[ast.match_case]) -> Body:
    if not cases:
        return []
    case = cases[0]
    found = lower_pattern(frame, subject, case.pattern)
    names = {**narrowing(frame, node, subject, case), **found.names}
    test = found.test
    if case.guard is not None:
        with frame.binding(names):
            test = connect(Op.AND, test, truth(frame, case.guard), frame.span(case.guard))
    body, end = _branch(frame, names, case.body)
    other, other_end = _branch_of(frame, lambda: _cases(frame, node, subject, cases[1:]))
    if isinstance(test, Const):
        frame.bindings = end if test.value else other_end
        return body if test.value else other
    _merge(frame, [end, other_end])
    return [If(frame.span(node), test, tuple(body), tuple(other))]


def _branch_of(frame: Frame, lowered: Callable[[], Body]) -> tuple[Body, dict[str, Expr]]:
    before = frame.bindings
    body = lowered()
    after, frame.bindings = frame.bindings, before
    return body, after


def _for(frame: Frame, node: ast.For) -> Body:
    if node.orelse:
        frame.refuse(node, "for … else is not in the language", "any(…) or all(…)")
    if _returns(node):
        frame.refuse(node, "a loop has no return", "any(…), all(…), or a condition in the loop")
    loop = lower_loop(frame, node.target, node.iter)
    prelude, names = _kept(frame, loop.names)
    body, _ = _branch(frame, names, node.body)
    return [*prelude, For(frame.span(node), loop.name, loop.source, tuple(body))]


def _kept(frame: Frame, names: dict[str, Expr]) -> tuple[Body, dict[str, Expr]]:
    """The values of a map that is iterated are those it had before the first turn.

    Containers and parts are places: those that the map has by then.
    """
    prelude: Body = []
    kept = dict(names)
    for name, meaning in names.items():
        if isinstance(meaning, At) and not isinstance(meaning.type, MUTABLE):
            whole = meaning.base
            own = Var(whole.type, whole.span, frame.method.fresh("values"))
            prelude.append(Let(whole.span, own.name, whole))
            kept[name] = At(meaning.type, meaning.span, own, meaning.key)
    return prelude, kept


def _assert(frame: Frame, node: ast.Assert) -> Body:
    return [Assert(frame.span(node), truth(frame, node.test), f"assert {ast.unparse(node.test)}")]


def _pass(_: Frame, __: ast.Pass) -> Body:
    return []


_STATEMENTS: Mapping[type[ast.stmt], Callable[[Frame, Any], Body]] = {
    ast.Assign: assign,
    ast.AnnAssign: annotated,
    ast.AugAssign: augmented,
    ast.If: _if,
    ast.Match: _match,
    ast.For: _for,
    ast.Expr: expression,
    ast.Assert: _assert,
    ast.Pass: _pass,
}


_REFUSED: Mapping[type[ast.stmt], tuple[str, str]] = {
    ast.While: ("while", "`for` over something finite, or one action for each turn"),
    ast.Try: ("try", "require(…) and if"),
    ast.With: ("with", "the statements by themselves"),
    ast.Raise: ("raise", "require(…) for a guard, assert for a defect"),
    ast.Delete: ("del", "discard, remove, pop_first or an assignment of None"),
    ast.Break: ("break", "any(…) or all(…), or a condition in the loop"),
    ast.Continue: ("continue", "an if around the rest of the loop"),
    ast.FunctionDef: ("a function inside a method", "a helper method"),
    ast.Import: ("import", "an import at the top of the module"),
    ast.ImportFrom: ("import", "an import at the top of the module"),
    ast.Global: ("global", "a field"),
    ast.Nonlocal: ("nonlocal", "a field"),
}
