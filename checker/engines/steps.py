"""Whether a step is allowed, in the reference evaluator's eyes."""

from __future__ import annotations

from checker.language.evaluator import BoundReached, Defect, Evaluator
from checker.language.ir import Property, Refinement
from checker.language.machine import Snapshot


def violates(evaluator: Evaluator, prop: Property, before: Snapshot, after: Snapshot) -> bool:
    """Whether a step violates a step property, with some arguments where it asks for them."""
    if prop.on is None:
        return not _holds(evaluator, prop, before, after, {})
    return any(
        not _holds(evaluator, prop, before, after, dict(outcome.arguments))
        for outcome in evaluator.outcomes(before)
        if outcome.action.name == prop.on and outcome.state == after
    )


def _holds(
    evaluator: Evaluator,
    prop: Property,
    before: Snapshot,
    after: Snapshot,
    arguments: dict[str, object],
) -> bool:
    """What cannot be evaluated does not hold."""
    try:
        return evaluator.holds(prop, before, after, arguments)
    except (BoundReached, Defect):
        return False


def refines(
    evaluator: Evaluator, refinement: Refinement, before: Snapshot, after: Snapshot
) -> bool:
    """Whether a step is one of the specification, or none there."""
    try:
        start = evaluator.abstract(refinement, before)
        end = evaluator.abstract(refinement, after)
    except (BoundReached, Defect):
        return False
    return start == end or any(
        outcome.state == end for outcome in Evaluator(refinement.spec).outcomes(start)
    )
