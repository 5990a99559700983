"""A lasso, judged again: by the reference evaluator, state by state, and by the definitions.

Nothing of the graph, of its components, or of an engine's successors is used here.  That the
steps of the lasso are steps of the machine is established where its trace is made.
"""

from __future__ import annotations

from collections.abc import Sequence

from checker.engines.explain import explain
from checker.engines.liveness.fairness import Party, parties
from checker.engines.tracing import Disagreement
from checker.language.evaluator import BoundReached, Defect, Evaluator, Outcome, evaluate
from checker.language.ir import Property
from checker.language.machine import Snapshot
from checker.verdict import Reason


def never(
    evaluator: Evaluator, prop: Property, run: Sequence[Snapshot], loop: int | None
) -> Reason:
    """Why a property is violated by a run that ends where it was in its state `loop`.

    Without a loop, because it cannot be evaluated in the last state.  Disagreement where the run
    does not violate it, or is not fair.
    """
    if loop is None:
        return _failing(prop, run[-1])
    if run[loop] != run[-1]:
        raise Disagreement(f"{prop.name}: the run does not return to state {loop + 1}")
    since = _since(evaluator, prop, run, loop)
    outcomes = [list(evaluator.outcomes(state)) for state in run[loop:]]
    for party in parties(evaluator.program):
        if _put_off(party, run[loop:], outcomes):
            raise Disagreement(f"{prop.name}: the run is not fair to {party}")
    problem = f"false in every state from {since + 1} on, for ever"
    if loop < len(run) - 1:  # no single state says why
        return Reason("", (), prop.span, problem)
    reason = explain(prop, {"self": run[loop]})
    return Reason(reason.text, reason.values, reason.span, problem)


def _failing(prop: Property, state: Snapshot) -> Reason:
    for test in (prop.test, prop.leads_from):
        try:
            if test is not None:
                evaluate(test, {"self": state})
        except Defect as defect:
            span = defect.span or prop.span
            return Reason("", (), span, f"the property itself fails: {defect.message}")
        except BoundReached as reached:
            problem = f"the property itself fails: {reached.bound} is passed"
            return Reason("", (), prop.span, problem)
    raise Disagreement(f"{prop.name} can be evaluated in {state}")


def _since(evaluator: Evaluator, prop: Property, run: Sequence[Snapshot], loop: int) -> int:
    """The number of the state in which the wait begins that is in vain.

    The states of the loop come again, so the predicate must be false in all of them.
    """
    first = len(run)
    while first and not evaluator.holds(prop, run[first - 1]):
        first -= 1
    if first <= loop and prop.again:
        return first
    if first <= loop and prop.leads_from is not None:
        for number, state in enumerate(run[first:], first):
            if evaluate(prop.leads_from, {"self": state}):
                return number
    if first == 0 and prop.leads_from is None:
        return 0
    raise Disagreement(f"{prop.name} is not violated by {run}")


def _put_off(party: Party, loop: Sequence[Snapshot], outcomes: Sequence[Sequence[Outcome]]) -> bool:
    """Whether a loop is unfair to somebody: able enough to act, and never acting.

    A step that passes a bound, or has a defect, is one that could be taken.
    """
    able, acts = [], False
    for number, state in enumerate(loop):
        own = [o.state for o in outcomes[number] if party.owns(o.action, o.arguments)]
        changing = [after for after in own if after != state]
        able.append(bool(changing))
        acts = acts or (number + 1 < len(loop) and loop[number + 1] in changing)
    return not acts and (any(able) if party.strong else all(able))
