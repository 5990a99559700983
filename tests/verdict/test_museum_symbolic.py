"""The shortest traces of the museum are as long where z3 looks for them.

Left out, by name, are runs that go on for ever, which are none of a bounded run's, and those that
the solver does not find within minutes.
"""

from __future__ import annotations

import pytest

from checker.engines.symbolic import bounded
from checker.language.lowering import lower
from model.museum import ENTRIES, Entry
from tests.verdict.museum_lengths import COMPACTION, LENGTHS, PRODUCERS

FOR_EVER = {"KAFKA-8522", "KAFKA-9752"}
HARD = {"KAFKA-7128", "KIP-320", "KIP-320, first attempt", "zombie commit"}
QUICK = {**COMPACTION, **PRODUCERS}
SHOWN = [one for one in ENTRIES if one.exhibit is not None]


@pytest.mark.parametrize(
    "shown",
    [
        pytest.param(one, id=one.name, marks=() if one.name in QUICK else pytest.mark.slow)
        for one in SHOWN
        if one.name not in FOR_EVER | HARD
    ],
)
def test_the_solver_finds_traces_of_that_length(shown: Entry) -> None:
    exhibit = shown.exhibit
    assert exhibit is not None
    program = lower(exhibit.broken_design())
    [broken] = [one for one in program.properties if one.promise.id == exhibit.breaks]
    trace = bounded(program, broken, LENGTHS[shown.name] - 1)
    assert trace is not None
    assert trace.length == LENGTHS[shown.name]
