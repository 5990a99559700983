"""RTE-1 to RTE-6: what routing promises, and the configurations in which that is decided.

What was counted, and which broken design breaks which promise, is pinned by the tests, and told
by docs/promises.md.
"""

from __future__ import annotations

from typing import Self

from checker import configuration, eventually, invariant, reachable, step
from model.routing_state import Stage
from model.routing_steps import RoutingSteps
from spec.domains import Partition
from spec.routing import RTE_1, RTE_2, RTE_3, RTE_4, RTE_5, RTE_6, Sent


class Routing(RoutingSteps):
    """A producer whose metadata may be old finds the leaders of its partitions."""

    configurations = (
        configuration(
            "one partition",
            about="The leader moves twice while three records are sent.",
            Broker=3, Partition=1, Key=1, Sent=3, LeaderEpoch=3,
        ),
        configuration(
            "two partitions",
            about="Records of two keys, and of none, go to two partitions.",
            Broker=2, Partition=2, Key=2, Sent=2, LeaderEpoch=2, keyless=True,
        ),
        configuration(
            "partitions are added",
            about="A topic of one partition gets another, while its leader moves.",
            hazards=("RTE-6",),
            Broker=2, Partition=2, Key=1, Sent=2, LeaderEpoch=2, grows=True, keyless=True,
        ),
    )  # fmt: skip

    @step(RTE_1, on=RoutingSteps.take)
    def taken_by_the_leader(self, after: Self, r: Sent) -> bool:
        """The controller's, and no one's of an older epoch."""
        me = self.records[r]
        return me.to == self.leads[me.partition].leader

    @invariant(RTE_2)
    def one_place_a_key(self) -> bool:
        """Asked where no partitions are added."""
        return self.grows or self.keys_together()

    @invariant(RTE_6)
    def one_place_for_ever(self) -> bool:
        """Asked wherever that may be."""
        return self.keys_together()

    def keys_together(self) -> bool:
        """Whether no two records of one key are in different partitions."""
        return all(
            not self.same_key(one, other)
            or self.records[one].partition == self.records[other].partition
            for one in Sent
            for other in Sent
        )

    def same_key(self, one: Sent, other: Sent) -> bool:
        """Whether two records are of one key."""
        return (
            self.records[one].key is not None and self.records[one].key == self.records[other].key
        )

    @invariant(RTE_3)
    def in_order(self) -> bool:
        """In each partition's log."""
        return all(
            not self.same_key(self.log[p][later], self.log[p][earlier])
            or self.log[p][earlier] < self.log[p][later]
            for p in Partition
            for later in range(len(self.log[p]))
            for earlier in range(later)
        )

    @step(RTE_4)
    def never_older(self, after: Self) -> bool:
        """For no partition."""
        return all(self.metadata[p].epoch <= after.metadata[p].epoch for p in Partition)

    def under_way(self) -> bool:
        """A record has not been acknowledged."""
        return any(
            self.records[r].stage is Stage.WAITING or self.records[r].stage is Stage.IN_FLIGHT
            for r in Sent
        )

    @eventually(RTE_5, after=under_way)
    def arrived(self) -> bool:
        """All that were sent are acknowledged."""
        return not self.under_way()

    # ------------------------------------------------------------ what is taken for granted

    @step(on=RoutingSteps.take)
    def knows_that_it_leads(self, after: Self, r: Sent) -> bool:
        """A broker takes records of a partition only once it knows that it leads it."""
        me = self.records[r]
        return me.to is not None and self.known[me.to][me.partition].leader == me.to

    @invariant
    def acknowledged_is_there(self) -> bool:
        """What was acknowledged, and nothing else, is in its partition's log, and once."""
        return all(
            sum(1 for other in self.log[p] if other == r)
            == (1 if self.records[r].stage is Stage.ACKNOWLEDGED and self.goes_to(r, p) else 0)
            for r in Sent
            for p in Partition
        )

    def goes_to(self, r: Sent, p: Partition) -> bool:
        """Whether a record is of a partition."""
        return self.records[r].partition == p

    @invariant
    def partitions_exist(self) -> bool:
        """No record goes to a partition that the topic does not have yet."""
        return all(self.exists(self.records[r].partition) for r in Sent)

    # ------------------------------------------------------------ what must be possible

    @reachable
    def refused_twice(self) -> bool:
        """A producer can be told of a leader that is none any more."""
        return self.stale and all(self.metadata[p].epoch > 1 for p in Partition)

    @reachable
    def spread(self) -> bool:
        """Keys can go to different partitions; asked where there are several."""
        return len(Partition) == 1 or any(
            self.records[one].key is not None
            and self.records[other].key is not None
            and self.records[one].partition != self.records[other].partition
            for one in Sent
            for other in Sent
        )

    @reachable
    def side_by_side(self) -> bool:
        """Records of different partitions can be in flight at once."""
        return len(Partition) == 1 or any(
            self.records[one].stage is Stage.IN_FLIGHT
            and self.records[other].stage is Stage.IN_FLIGHT
            and self.records[one].partition != self.records[other].partition
            for one in Sent
            for other in Sent
        )

    @reachable
    def not_held_up(self) -> bool:
        """A record of another partition need not wait for those before it."""
        return len(Partition) == 1 or any(
            self.records[one].stage is Stage.WAITING
            and self.records[one].to is None
            and self.records[other].stage is Stage.ACKNOWLEDGED
            for other in Sent
            for one in Sent
            if one < other
        )

    @reachable
    def anywhere(self) -> bool:
        """A record without a key can go to any partition; asked where there are such."""
        return not self.keyless or any(
            me.stage is not Stage.UNSENT and me.key is None and me.partition != Partition(0)
            for me in self.records.values()
        )
