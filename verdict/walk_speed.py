"""How fast walks are: steps a second of one core, with every property looked at in each.

The group at growing sizes, the last of which nobody can exhaust.  Seconds are of the processor,
not of the clock, so that what else the machine does counts little; the best of several turns.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from checker.check import chosen
from checker.engines.random import Asked, Walker
from checker.language.lowering import lower
from checker.verdict import Limits, Silent
from model.large import LargeGroup

SIZES = ((5, 10), (20, 50), (50, 100))
"""Members and partitions."""

DEPTH = 2_000


@dataclass(frozen=True)
class Speed:
    """What was measured of one size: `bits` of a state, choices that were tried for a step."""

    members: int
    partitions: int
    bits: int
    steps: int
    seconds: float
    tries: float

    @property
    def rate(self) -> float:
        """Steps a second."""
        return self.steps / self.seconds


def speeds(*, seconds: float, turns: int) -> list[Speed]:
    """The group at each size, in turns of so many seconds."""
    settings = LargeGroup.configurations[0].settings
    found = []
    for members, partitions in SIZES:
        crowd = min(13, members)
        machine = LargeGroup(
            **{**settings, "Member": members, "Partition": partitions, "crowd": crowd}
        )
        program = chosen(lower(machine), frozenset(), None)
        walks = [_turn(Walker(program), members, partitions, seconds, turn + 1)
                 for turn in range(turns)]  # fmt: skip
        found.append(max(walks, key=lambda speed: speed.rate))
    return found


def _turn(walker: Walker, members: int, partitions: int, seconds: float, seed: int) -> Speed:
    began = time.process_time()
    walker.walk(Asked(1 << 62, DEPTH, seed), Limits(time=seconds), Silent())
    spent = time.process_time() - began
    run = walker.result
    speed = Speed(members, partitions, 64 * walker.walking.words, run.steps, spent,
                  run.tries / max(1, run.steps))  # fmt: skip
    walker.close()
    return speed
