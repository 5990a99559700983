"""Refinement: whether a step, read through a mapping, is a step of the specification or none.

The mapping is walked from the state before and from the state after, and the specification from
what the first gives, once for each choice of each of its actions: the parameters of a specification
are chosen from small domains, and no quantifier is needed.  A mapping that cannot be computed is no
mapping, and a step of the specification that passes a bound is no step.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from checker.engines.symbolic.expressions import elements
from checker.engines.symbolic.scope import Flow, Scope
from checker.engines.symbolic.shapes import Shape, equal
from checker.engines.symbolic.statements import execute
from checker.engines.symbolic.terms import Bit, conj, disj, neg
from checker.engines.symbolic.values import lift
from checker.language.ir import Action, Parameter, Program, Refinement


def mapped(refinement: Refinement, state: Shape) -> tuple[Bit, Shape]:
    """The state of the specification that a state is read as, and whether that can be computed."""
    spec = refinement.spec
    flow = Flow()
    names = {"self": state, "spec": lift(spec.state, spec.start)}
    scope = execute(Scope(flow, names), refinement.body)
    return flow.alive, scope.names["spec"]


def is_no_start(refinement: Refinement, state: Shape) -> Bit:
    """Whether a start is read as no start of the specification."""
    able, read = mapped(refinement, state)
    return neg(conj(able, disj(*(conj(may, equal(one, read)) for may, one in _starts(refinement)))))


def is_no_step(refinement: Refinement, before: Shape, after: Shape) -> Bit:
    """Whether a step is read as none of the specification's, and changes something there."""
    (able, first), (able_then, then) = mapped(refinement, before), mapped(refinement, after)
    steps = (
        conj(may, equal(one, then))
        for action in refinement.spec.actions
        for may, one in _outcomes(action, first)
    )
    return neg(conj(able, able_then, disj(equal(first, then), *steps)))


def _starts(refinement: Refinement) -> Iterator[tuple[Bit, Any]]:
    spec: Program = refinement.spec
    start = lift(spec.state, spec.start)
    if not spec.initials:
        yield True, start
    for action in spec.initials:
        yield from _outcomes(action, start)


def _outcomes(action: Action, state: Shape) -> Iterator[tuple[Bit, Any]]:
    """For each choice of an action's parameters, whether there is a step, and the state then."""

    def walk(scope: Scope, left: tuple[Parameter, ...]) -> Iterator[tuple[Bit, Any]]:
        if not left:
            done = execute(scope, action.body)
            yield done.flow.alive, done.names["self"]
            return
        found = elements(scope, left[0].source)
        for there, item in found:
            flow = Flow(conj(scope.flow.alive, there), list(scope.flow.endings))
            yield from walk(Scope(flow, {**scope.names, left[0].name: item}), left[1:])

    return walk(Scope(Flow(), {"self": state}), action.parameters)
