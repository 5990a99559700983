"""A machine one step at a time: generated C and the reference evaluator say the same."""

from __future__ import annotations

import random

import pytest

from checker import Machine
from checker.engines.native import build
from checker.engines.random.stepping import Interpreted, Native, Stepper
from checker.language.lowering import lower
from examples.quorum_log import Acks, QuorumLog
from examples.readers_writers import ReadersWriters
from examples.two_phase import Quorum, TwoPhase
from model.group import Group
from tests.checker.language.features import MACHINES

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="there is no C compiler")

GROUP = {one.name: one.settings for one in Group.configurations}
WALKED: dict[str, Machine] = {
    "two phase": TwoPhase(RM=3),
    "two phase, majority": TwoPhase(RM=3, quorum=Quorum.MAJORITY),
    "readers and writers": ReadersWriters(Actor=2, Queue=2),
    "quorum log": QuorumLog(Voter=3, LeaderEpoch=2, LogSize=1, InFlight=1, acks=Acks.ONE),
    "group": Group(**GROUP["smallest"]),
    **MACHINES,
}
WALKS, STEPS = 6, 25


def taken(rng: random.Random, steppers: tuple[Stepper, Stepper]) -> bool:
    """Take a step with both, and compare; whether there was one to take."""
    one, other = steppers
    numbers = range(len(one.actions))
    choices = [choice for n in numbers for choice in one.choices(n)]
    assert choices == [choice for n in numbers for choice in other.choices(n)]
    if not choices:
        for each in steppers:
            each.end()
        return False
    choice = rng.choice(choices)
    fires = [each.go_on(choice) for each in steppers]
    assert fires[0] == fires[1]
    assert one.state() == other.state()
    return fires[0]


@pytest.mark.parametrize("machine", WALKED.values(), ids=WALKED)
def test_both_ways_of_taking_steps_are_one(machine: Machine) -> None:
    program = lower(machine)
    one, other = Native(program), Interpreted(program)
    assert [a.name for a in one.actions] == [a.name for a in other.actions]
    for seed in range(WALKS):
        rng = random.Random(seed)
        for each in (one, other):
            each.go_to(0)
        assert one.state() == other.state()
        for _ in range(STEPS):
            if not taken(rng, (one, other)):
                break
        assert one.seen() == other.seen()
