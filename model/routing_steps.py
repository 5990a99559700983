"""What the producer, the brokers and the controller do about records and leaders.

The producer sends the records of a partition in order, and the next one only when the last was
acknowledged, unless it may have several in flight.  Then a record that is refused is sent again
behind one that was not: that is how order is lost without idempotence.

A broker that knows that it does not lead says so.  One that does not know yet, a leader that was
replaced, cannot have its in-sync replicas copy the record, and so cannot acknowledge it: the
record waits there until the broker knows.
"""

from __future__ import annotations

from checker import Map, action, require
from model.routing_state import Leadership, Partitioner, RoutingState, Stage
from spec.changelog import Key
from spec.domains import Partition
from spec.routing import Broker, Sent


class RoutingSteps(RoutingState):
    """Sending, refusing, taking; electing and learning."""

    # ------------------------------------------------------------ the producer

    @action(by="producer")
    def produce(self, r: Sent, key: Key | None, partition: Partition) -> None:
        """The application has another record."""
        me = self.records[r]
        require(me.stage is Stage.UNSENT)
        require(all(self.records[o].stage is not Stage.UNSENT for o in Sent if o < r))
        if key is None:
            require(self.keyless)
            require(self.exists(partition))
        elif self.partitioner is Partitioner.BY_KEY:
            require(partition == self.place[key])
        me.stage = Stage.WAITING
        me.key = key
        me.partition = partition

    def exists(self, p: Partition) -> bool:
        """Whether the topic has that partition by now."""
        return self.grown or not self.grows or p == Partition(0)

    @action(by="producer", fair="weak", to="r")
    def send(self, r: Sent) -> None:
        """The first record of a partition that waits is sent to whom the producer takes to lead."""
        me = self.records[r]
        require(me.stage is Stage.WAITING)
        require(not self.stale)
        require(not any(self.before(o, r) and self.records[o].stage is Stage.WAITING for o in Sent))
        require(self.on_their_way(me.partition) < self.in_flight)
        me.stage = Stage.IN_FLIGHT
        me.to = self.metadata[me.partition].leader

    def before(self, one: Sent, other: Sent) -> bool:
        """Whether both go to one partition, and one was sent first."""
        return one < other and self.records[one].partition == self.records[other].partition

    def on_their_way(self, p: Partition) -> int:
        """How many records of a partition have no answer yet."""
        return sum(
            1 for me in self.records.values() if me.partition == p and me.stage is Stage.IN_FLIGHT
        )

    @action(by="b", fair="weak", to="b")
    def refresh(self, b: Broker) -> None:
        """A broker tells the producer who leads, as far as it knows."""
        require(self.stale)
        for p in Partition:
            if self.known[b][p].epoch >= self.metadata[p].epoch or not self.monotonic:
                self.metadata[p] = self.known[b][p]
        self.stale = False

    # ------------------------------------------------------------ the brokers

    @action(by="broker", fair="weak", to="r")
    def refuse(self, r: Sent) -> None:
        """NOT_LEADER_OR_FOLLOWER: the record waits again, and the producer knows why."""
        me = self.records[r]
        require(me.stage is Stage.IN_FLIGHT)
        require(self.known_leader(me.to, me.partition) != me.to)
        me.stage = Stage.WAITING
        if self.refreshing:
            self.stale = True

    @action(by="broker", fair="weak", to="r")
    def take(self, r: Sent) -> None:
        """The leader appends the record, and acknowledges it."""
        me = self.records[r]
        require(me.stage is Stage.IN_FLIGHT)
        require(self.known_leader(me.to, me.partition) == me.to)
        require(self.leads[me.partition].leader == me.to or not self.deposed)
        self.log[me.partition].append(r)
        me.stage = Stage.ACKNOWLEDGED

    def known_leader(self, b: Broker | None, p: Partition) -> Broker | None:
        """Who leads a partition, as a broker knows."""
        return self.known[b][p].leader if b is not None else None

    @action(by="b", fair="weak")
    def learn(self, b: Broker, p: Partition) -> None:
        """A broker reads in the metadata log who leads a partition."""
        self.known[b][p] = self.leads[p]

    # ------------------------------------------------------------ the controller

    @action(by="controller")
    def elect(self, p: Partition, b: Broker) -> None:
        """A broker leads a partition in a new epoch, perhaps the same as before."""
        self.leads[p] = Leadership(b, self.leads[p].epoch + 1)

    @action(by="admin")
    def add_partitions(self, place: Map[Key, Partition]) -> None:
        """The topic has more partitions, and keys other places."""
        require(self.grows)
        self.grown = True
        self.place = place
