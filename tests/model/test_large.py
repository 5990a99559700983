"""The group at sizes that no search can reach, and what random walks find of it.

Every hazard that the configurations name is found by walks, too; and of each property there is a
broken design in which they find it false.
"""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from checker import check, replay, simulate
from checker.engines.native import compiler
from checker.engines.random import Asked, Walker
from checker.engines.random.observed import found_at
from checker.language.lowering import lower
from checker.verdict import Limits, Silent
from model import Group
from model.large import LargeGroup
from model.members import Assignor
from tests.model.pinned import BROKEN, COUNTED, Broken
from verdict.hypothesis import state_machine

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")

LARGE = next(iter(LargeGroup.configurations))
EVENTUALLY = {"GRP-5", "GRP-7", "DLV-7", "taken_over"}
"""What walks do not decide: what happens eventually, and that nothing is a witness."""


def found(machine: Group, wanted: set[str], walks: int, depth: int = 60) -> dict[str, int]:
    """How many walks it takes to find each of the properties false."""
    program = lower(machine)
    ids = [p.promise.id for p in program.properties] + [r.promise.id for r in program.refinements]
    walker = Walker(program)
    try:
        walker.want([number for number, name in enumerate(ids) if name in wanted])
        for stage in (100, 1_000, 10_000, walks):
            walker.walk(Asked(min(stage, walks), depth, seed=1), Limits(), Silent())
            if len(found_at(walker)) == len(wanted):
                break
        return {ids[number]: count for number, count in found_at(walker).items()}
    finally:
        walker.close()


def test_ranges_are_one_of_the_balanced_ways() -> None:
    sizes = {"Member": 2, "Partition": 2, "Generation": 2, "Offset": 1}
    ranges = check(Group(**sizes, assignor=Assignor.RANGE), engine="auto")
    assert ranges.complete
    assert {f.id for f in ranges.findings if f.result == "violated"} == {"DLV-3"}
    assert ranges.distinct < check(Group(**sizes), engine="auto").distinct


def test_fifty_members_and_a_hundred_partitions_keep_their_promises() -> None:
    """Whatever befalls them."""
    verdict = simulate(
        LargeGroup(**LARGE.settings), hazards=LARGE.hazards, runs=30, depth=1_500, seed=2,
        engine="native",
    )  # fmt: skip
    assert verdict.exit_status == 0
    assert verdict.generated > 15_000
    violated = {f.id for f in verdict.findings if f.result == "violated"}
    assert violated <= set(LARGE.hazards)
    taken = {one.action for one in verdict.coverage if one.fired}
    assert {"crash", "pause", "wake_up", "leave", "start", "poll_interval_expires",
            "session_expires", "give_up", "process", "commit"} <= taken  # fmt: skip


def test_hypothesis_takes_a_large_group_s_steps_too() -> None:
    rules = state_machine(
        LargeGroup(**LARGE.settings), only=frozenset({"OWN-1", "OWN-2", "GRP-2", "DLV-1"})
    )
    how = settings(max_examples=5, stateful_step_count=100)
    run_state_machine_as_test(rules, settings=how)


@pytest.mark.parametrize(
    "name",
    ["zombie", "late commit"],
)
def test_hazards_are_found_at_random(name: str) -> None:
    hazards_are_found(name, 20_000)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    [name for name, counted in COUNTED.items() if counted.false],
)
def test_every_hazard_is_found_at_random(name: str) -> None:
    hazards_are_found(name, 400_000)


def hazards_are_found(name: str, walks: int) -> None:
    """All that the configuration is known to break."""
    settings = next(one.settings for one in Group.configurations if one.name == name)
    wanted = set(COUNTED[name].false)
    assert set(found(Group(**settings), wanted, walks)) == wanted


@pytest.mark.slow
@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.design)
def test_a_broken_design_is_found_out_at_random(broken: Broken) -> None:
    wanted = set(broken.breaks) - EVENTUALLY
    assert set(found(Group(**broken.settings), wanted, 400_000)) == wanted


@pytest.mark.slow
def test_a_mistake_in_a_large_group_is_found_and_told_shortly() -> None:
    from model.coordinator import Fencing

    machine = LargeGroup(**LARGE.settings, fencing=Fencing.NONE)
    finding = simulate(
        machine, only=frozenset({"GRP-2"}), runs=300, depth=1_500, seed=1, engine="native"
    ).finding("GRP-2")
    assert finding.result == "violated"
    assert finding.trace is not None
    replay(machine, finding.trace)
