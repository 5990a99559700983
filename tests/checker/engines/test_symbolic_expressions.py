"""Random expressions and statements: the walker and the reference evaluator, on known and on
unknown values.

The evaluator says what comes of them for some values of their variables: a value or state, a
failed guard, a defect, or a bound.  Walked with these values known, nothing is left but the same
outcome; walked with the variables unknown, that outcome is the only one that the solver leaves,
once the variables are said to have these values.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings

from checker.engines.symbolic import terms
from checker.engines.symbolic.expressions import value
from checker.engines.symbolic.scope import Flow, Scope
from checker.engines.symbolic.shapes import equal
from checker.engines.symbolic.statements import execute
from checker.engines.symbolic.values import Reading, Variables, lift, read
from checker.language import evaluator
from checker.language.evaluator import BoundReached, Defect, evaluate
from checker.language.ir import (
    Expr,
    Stmt,
)
from checker.language.machine import Snapshot
from checker.language.marks import Disabled
from tests.checker.engines.drawn import STATE, WHOLE, bodies, cases


def outcome(expr: Expr, env: dict[str, Any]) -> Any:
    """What the evaluator makes of it: a value, or the way in which there is none."""
    try:
        return evaluate(expr, env)
    except Defect:
        return Defect
    except BoundReached as reached:
        return BoundReached, reached.bound


@given(cases())
@settings(max_examples=400)
def test_with_known_values_nothing_is_left_but_the_outcome(
    case: tuple[Expr, dict[str, Any]],
) -> None:
    expr, env = case
    expected = outcome(expr, env)
    flow = Flow()
    names = {name: lift(STATE[name], known) for name, known in env.items()}
    shape = value(Scope(flow, names), expr)
    ends = [(ending.when, ending.bound) for ending in flow.endings]
    if expected is Defect:
        assert (flow.alive, ends) == (False, [(True, None)])
    elif _is_bound(expected):
        assert (flow.alive, ends) == (False, [(True, expected[1])])
    else:
        assert (flow.alive, ends) == (True, [])
        assert read(expr.type, shape, Reading(_known, lambda num: _known(num.term))) == expected


def _is_bound(expected: Any) -> bool:
    return isinstance(expected, tuple) and expected[0] is BoundReached


def _known(bit: Any) -> Any:
    assert isinstance(bit, bool | int)
    return bit


@given(cases())
@settings(max_examples=200)
def test_with_unknown_values_no_other_outcome_is_possible(
    case: tuple[Expr, dict[str, Any]],
) -> None:
    expr, env = case
    expected = outcome(expr, env)
    flow, variables = Flow(), Variables()
    names = {name: variables.of(kind, name) for name, kind in STATE.items()}
    shape = value(Scope(flow, names), expr)
    is_value = expected is not Defect and not _is_bound(expected)
    right = claim(flow, expected, is_value and equal(shape, lift(expr.type, expected)))
    solver = terms.new_solver()
    solver.add(*variables.facts)
    solver.add(*(equal(names[name], lift(STATE[name], known)) for name, known in env.items()))
    assert terms.check(solver) is True
    solver.add(terms.neg(right))
    assert terms.check(solver) is False


def after(body: tuple[Stmt, ...], state: Snapshot) -> Any:
    """The state after the statements, or the way in which there is none."""
    env: dict[str, Any] = {"self": state}
    try:
        evaluator.execute(body, env)
    except Disabled:
        return Disabled
    except Defect:
        return Defect
    except BoundReached as reached:
        return BoundReached, reached.bound
    return env["self"]


def claim(flow: Flow, expected: Any, reached: terms.Bit) -> terms.Bit:
    """That an execution ends as expected, and in no other way."""
    dead = terms.neg(flow.alive)
    no_defect = terms.neg(flow.defect)
    others = {name: terms.neg(when) for name, when in flow.bounds.items()}
    if expected is Disabled:
        return terms.conj(dead, no_defect, *others.values())
    if expected is Defect:
        return terms.conj(dead, flow.defect, *others.values())
    if _is_bound(expected):
        bound = expected[1]
        passed = terms.neg(others.pop(bound, True))
        return terms.conj(dead, no_defect, passed, *others.values())
    return terms.conj(flow.alive, no_defect, reached, *others.values())


@given(bodies())
@settings(max_examples=200)
def test_statements_end_as_the_evaluator_says(case: tuple[tuple[Stmt, ...], Snapshot]) -> None:
    body, state = case
    expected = after(body, state)

    def reached(shape: Any) -> terms.Bit:
        return isinstance(expected, Snapshot) and equal(shape, lift(WHOLE, expected))

    flow = Flow()
    scope = execute(Scope(flow, {"self": lift(WHOLE, state)}), body)
    assert claim(flow, expected, reached(scope.names["self"])) is True
    flow, variables = Flow(), Variables()
    unknown = variables.of(WHOLE, "self")
    scope = execute(Scope(flow, {"self": unknown}), body)
    solver = terms.new_solver()
    solver.add(*variables.facts, equal(unknown, lift(WHOLE, state)))
    assert terms.check(solver) is True
    solver.add(terms.neg(claim(flow, expected, reached(scope.names["self"]))))
    assert terms.check(solver) is False
