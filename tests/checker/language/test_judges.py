"""Every feature of the language means the same to every judge.

From each reachable state, CPython running the class and the reference evaluator must allow the
same steps, to the same states, with the same bounds and defects, and must find the same
properties true.  The engines must then count the same and say the same.
"""

from __future__ import annotations

from typing import Any

import pytest

from checker import Limits, Machine, Verdict, check, replay
from checker.engines import native
from checker.language.concrete import Concrete
from checker.language.evaluator import Defect, Evaluator, Outcome
from checker.language.lowering import lower
from checker.language.machine import Snapshot
from tests.checker.language.features import MACHINES

STATES = 1_500
"""The reference looks at so many states of a machine, nearest first."""


def told(outcomes: list[Outcome]) -> dict[Any, Any]:
    """Outcomes by action and arguments: the state, the bound, or that there is a defect."""
    return {
        (one.action.name, tuple(one.arguments.items())): (
            one.state,
            one.bound,
            one.defect is not None,
        )
        for one in outcomes
    }


def nearest(evaluator: Evaluator) -> list[Snapshot]:
    """States in the order of a breadth-first search."""
    found = dict.fromkeys(start.state for start in evaluator.initial())
    for state in list(found):
        queue = [state]
        while queue and len(found) < STATES:
            for outcome in evaluator.outcomes(queue.pop(0)):
                if outcome.state is not None and outcome.state not in found:
                    found[outcome.state] = None
                    queue.append(outcome.state)
    return list(found)


@pytest.mark.parametrize("name", MACHINES)
def test_cpython_and_the_evaluator_agree(name: str) -> None:
    machine = MACHINES[name]
    program = lower(machine)
    reference, concrete = Evaluator(program), Concrete(machine, program)
    assert [s.state for s in reference.initial()] == [s.state for s in concrete.initial()]
    for state in nearest(reference):
        expected = list(reference.outcomes(state))
        assert told(expected) == told(list(concrete.outcomes(state)))
        for prop in program.properties:
            if prop.kind in ("invariant", "reachable", "terminal"):
                assert reference.holds(prop, state) == concrete.holds(prop, state)
            if prop.kind != "step":
                continue
            for one in expected:
                if one.state is not None and prop.on in (None, one.action.name):
                    given = one.arguments if prop.on else None
                    assert reference.holds(prop, state, one.state, given) == concrete.holds(
                        prop, state, one.state, given
                    )
        for refinement in program.refinements:
            assert reference.abstract(refinement, state) == concrete.abstract(refinement, state)


def said(verdict: Verdict) -> Any:
    """What engines must agree on.

    Where a limit ended the search, the native engine has not looked at the states of the last
    level, and the other has: there the findings may differ.
    """
    findings = {f.id: (f.result, f.trace.length if f.trace else None) for f in verdict.findings}
    return (
        verdict.distinct,
        verdict.generated,
        verdict.depth,
        findings if verdict.complete else None,
        dict(verdict.bounds),
        {c.action: c.fired for c in verdict.coverage},
    )


@pytest.mark.parametrize("name", MACHINES)
def test_the_engines_agree(name: str) -> None:
    if native.compiler() is None:
        pytest.skip("no C compiler is found")
    limits = Limits(depth=8 if name == "lists" else None)
    expected = check(MACHINES[name], limits=limits)
    for workers in (1, 2):
        found = check(MACHINES[name], limits=limits, engine="native", workers=workers)
        assert said(found) == said(expected)
    for finding in expected.findings:
        if finding.trace is not None:
            replay(MACHINES[name], finding.trace)


@pytest.mark.parametrize("name", MACHINES)
def test_the_engine_and_the_reference_count_the_same(name: str) -> None:
    evaluator = Evaluator(lower(MACHINES[name]))
    seen = {start.state for start in evaluator.initial()}
    level, generated = list(seen), len(list(evaluator.initial()))
    for _ in range(4):
        upcoming = []
        for state in level:
            for outcome in evaluator.outcomes(state):
                generated += outcome.state is not None
                if outcome.state is not None and outcome.state not in seen:
                    seen.add(outcome.state)
                    upcoming.append(outcome.state)
        level = upcoming
    verdict = check(MACHINES[name], limits=Limits(depth=4))
    assert (verdict.distinct, verdict.generated) == (len(seen), generated)


EXPECTED = {
    "numbers": {"EVEN": "violated", "well-defined": "holds", "goes_down": "holds"},
    "numbers, wrong": {"well-defined": "violated"},
    "lamp": {"as_light": "holds", "stopped": "holds"},
    "lamp, wrong": {"as_light": "violated"},
}


@pytest.mark.parametrize("name", EXPECTED)
def test_what_is_said_of_them(name: str) -> None:
    verdict = check(MACHINES[name])
    for promise, result in EXPECTED[name].items():
        assert verdict.finding(promise).result == result


def test_a_machine_is_left_as_it_is() -> None:
    machine: Machine = MACHINES["numbers"]
    before = repr(machine)
    concrete = Concrete(machine, lower(machine))
    for start in concrete.initial():
        list(concrete.outcomes(start.state))
    assert repr(machine) == before


def test_a_defect_has_words() -> None:
    machine = MACHINES["numbers, wrong"]
    program = lower(machine)
    state = next(Evaluator(program).initial()).state
    reach = program.action("reach")
    for judge in (Evaluator(program), Concrete(machine, program)):
        with pytest.raises(Defect) as caught:
            judge.run(reach, state, {})
        assert "4" in caught.value.message
