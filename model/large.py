"""The group at sizes that no search can reach, for random walks.

    verdict simulate model/large.py:LargeGroup Member=50 Partition=100

Fifty members share a hundred partitions, and everything that can befall them does: crashes,
pauses past the session timeout, restarts (a member that comes back is another member), leaving,
slow processing, requests that are late or lost.

Two things are as they are here because of the size alone. The leader shares out in ranges: there
are too many balanced ways to try each. And the coordinator waits until `crowd` have joined before
it completes a rebalance (Kafka's group.initial.rebalance.delay.ms waits for a time, and for every
rebalance of an empty group only): a member's share is listed where partitions are many, of eight
at most, so that fewer members could not be given all of them.
"""

from __future__ import annotations

from checker import Variant, configuration
from model.coordinator import Standing
from model.group import Group
from model.members import Assignor
from spec import GroupId, Member


class LargeGroup(Group):
    """A consumer group of any size."""

    assignor: Variant[Assignor] = Assignor.RANGE
    # How many must have joined for a rebalance to complete.
    crowd: Variant[int] = 13

    configurations = (
        configuration(
            "fifty members",
            about="Fifty members share a hundred partitions; everything befalls them.",
            hazards=("OWN-3", "DLV-3", "DLV-8"),
            Member=50, Partition=100, Generation=60, Offset=3,
            crashes=5, pauses=5, timeouts=3, slowness=True, leaving=True,
        ),
    )  # fmt: skip

    def no_longer_awaited(self, g: GroupId) -> bool:
        """Whether enough have joined, and whoever has not may be struck by the timeout."""
        group = self.coordinators[g]
        return sum(1 for m in Member if group.standing[m] is Standing.JOINED) >= self.crowd and all(
            group.standing[m] is not Standing.KNOWN or (self.expiry and self.silent(m))
            for m in Member
        )
