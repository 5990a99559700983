"""Z3 finds the group's hazards, and what breaks in its broken designs, as far away as the search.

The pinned lengths are those of the breadth-first search.  As far as 14 states z3 gets there in
seconds; further ones are a matter of minutes, and of the configuration.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from checker.engines.symbolic import bounded
from checker.engines.symbolic.questions import ASKED
from checker.engines.tracing import replayed
from checker.language.evaluator import Evaluator
from checker.language.ir import Property, Refinement
from checker.language.lowering import lower
from checker.language.machine import declaration
from model.group import Group
from tests.model.pinned import BROKEN, COUNTED

NEAR, FAR = 8, 14
"""The states of runs that are looked for in every test run, and in all of them."""


DECIDED = {m.promise.id for m in declaration(Group).methods if m.mark.kind in (*ASKED, "refines")}


def hazards() -> Iterator[Any]:
    """The settings, what is false (or witnessed) there, and the states of a shortest run to it."""
    for configured in Group.configurations:
        counted = COUNTED[configured.name]
        for promise, length in {**counted.false, **counted.witnessed}.items():
            near = promise in counted.false and length <= NEAR
            yield from _parameter(configured.name, configured.settings, promise, length, near=near)
    for broken in BROKEN:
        for promise, length in broken.false.items():
            near = length <= NEAR
            yield from _parameter(broken.design, broken.settings, promise, length, near=near)


def _parameter(
    name: str, settings: Mapping[str, Any], promise: str, length: int, *, near: bool
) -> Iterator[Any]:
    if promise in DECIDED and 0 < length <= FAR:
        marks = [] if near else [pytest.mark.slow]
        yield pytest.param(settings, promise, length, id=f"{name}-{promise}", marks=marks)


@pytest.mark.timeout(600)
@pytest.mark.parametrize(("settings", "promise", "length"), list(hazards()))
def test_a_violation_is_as_far_as_the_search_says(
    settings: Mapping[str, Any], promise: str, length: int
) -> None:
    program = lower(Group(**settings))
    every: list[Property | Refinement] = [*program.properties, *program.refinements]
    prop = next(prop for prop in every if prop.promise.id == promise)
    trace = bounded(program, prop, length - 1)
    assert trace is not None
    assert trace.length == length
    assert len(replayed(Evaluator(program), trace)) == length


def test_enough_of_them_are_near() -> None:
    found = [parameter.values[2] for parameter in hazards()]
    assert sum(length <= NEAR for length in found) >= 8
    assert sum(NEAR < length <= FAR for length in found) >= 15
