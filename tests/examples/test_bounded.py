"""Z3 finds what breaks in the examples' broken machines as far away as the search does."""

from __future__ import annotations

from typing import Any

import pytest

from checker import Machine
from checker.engines.symbolic import bounded
from checker.engines.symbolic.questions import ASKED
from checker.engines.tracing import replayed
from checker.language.evaluator import Evaluator
from checker.language.ir import Property, Refinement
from checker.language.lowering import lower
from checker.language.machine import declaration
from tests.examples.test_broken import BROKEN

KINDS = (*ASKED, "refines")

NEAR = 9
"""The states of runs that are looked for in every test run."""

DECIDED = {
    machine: {m.promise.id for m in declaration(machine).methods if m.mark.kind in KINDS}
    for machine, *_ in BROKEN
}
"""The properties of each machine that runs of bounded length decide."""


@pytest.mark.parametrize(
    ("machine", "settings", "identifier", "length"),
    [
        pytest.param(*one, marks=[pytest.mark.slow] if one[3] > NEAR else [])
        for one in BROKEN
        if one[3] is not None and one[2] in DECIDED[one[0]]
    ],
)
def test_a_violation_is_as_far_as_the_search_says(
    machine: type[Machine], settings: dict[str, Any], identifier: str, length: int
) -> None:
    program = lower(machine(**settings))
    every: list[Property | Refinement] = [*program.properties, *program.refinements]
    prop = next(prop for prop in every if prop.promise.id == identifier)
    trace = bounded(program, prop, length - 1)
    assert trace is not None
    assert trace.length == length
    assert len(replayed(Evaluator(program), trace)) == length
