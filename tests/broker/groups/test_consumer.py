"""Consumer groups under any sequence of heartbeats, and what their assignors promise."""

from __future__ import annotations

from collections import Counter
from itertools import count
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.errors import ErrorCode
from broker.groups.config import GroupConfig
from broker.groups.consumer.assignors import Subscriber, assign_range, assign_uniform
from broker.groups.consumer.group import ConsumerGroup, MemberState, Partition, listed, unlisted
from broker.groups.consumer.requests import ConsumerGroupHeartbeat, ConsumerGroupHeartbeatResponse
from broker.groups.coordinator import GroupCoordinator, TopicsChanged
from broker.owners import partition_for
from tests.broker.shell import Shell

GROUP = "g"
HOME = partition_for(GROUP, 50)
TOPICS = {name: UUID(int=number) for number, name in enumerate("tu", start=1)}
CONFIG = GroupConfig(group_consumer_assignment_interval_ms=0)
CLIENTS = st.integers(0, 2)
SUBSCRIPTIONS = st.sampled_from([("t",), ("u",), ("t", "u")])
SIZES = st.fixed_dictionaries({name: st.integers(1, 5) for name in TOPICS})


class Consumers(RuleBasedStateMachine):
    """A few clients that may be slow to give partitions up, and never have what they may not."""

    @initialize(sizes=SIZES)
    def start(self, sizes: dict[str, int]) -> None:
        numbers = count(1)
        self.made = GroupCoordinator(CONFIG, lambda: str(next(numbers)))
        self.shell = Shell(self.made.handle)
        self.resize(sizes)
        self.shell.own([HOME])
        self.epochs: dict[int, int] = {}
        self.has: dict[int, frozenset[Partition]] = {}
        self.told: dict[int, frozenset[Partition]] = {}
        self.topics: dict[int, tuple[str, ...]] = {}

    @rule(sizes=SIZES)
    def resize(self, sizes: dict[str, int]) -> None:
        self.shell.feed(TopicsChanged({name: (TOPICS[name], sizes[name]) for name in sizes}))

    @property
    def group(self) -> ConsumerGroup | None:
        return self.made._shards[HOME].core.consumer.get(GROUP)

    def beat(self, client: int, topics: tuple[str, ...] | None = None, *, slow: bool) -> None:
        """A member lets go of what it is no longer to have, sooner or later, and says so."""
        if not slow:
            self.has[client] = self.told.get(client, frozenset())
        joins = client not in self.epochs
        said = topics or self.topics.get(client, ("t",))
        request = ConsumerGroupHeartbeat(
            1,
            GROUP,
            f"m{client}",
            self.epochs.get(client, 0),
            rebalance_timeout=30_000 if joins else -1,
            topics=said if joins else topics,
            owned=() if joins else listed(self.has.get(client, frozenset())),
        )
        response: ConsumerGroupHeartbeatResponse = self.shell.answer(request)
        if response.error is not ErrorCode.NONE:
            self.leave_all(client)
            return
        self.epochs[client] = response.member_epoch
        self.topics[client] = said
        if response.assignment is not None:
            self.told[client] = unlisted(response.assignment)
            self.has[client] = self.has.get(client, frozenset()) | self.told[client]

    def leave_all(self, client: int) -> None:
        for known in (self.epochs, self.has, self.told):
            known.pop(client, None)

    @rule(client=CLIENTS, topics=st.none() | SUBSCRIPTIONS, slow=st.booleans())
    def heartbeat(self, client: int, topics: tuple[str, ...] | None, slow: bool) -> None:
        self.beat(client, topics, slow=slow)

    @precondition(lambda self: self.epochs)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        client = data.draw(st.sampled_from(sorted(self.epochs)))
        self.shell.ask(ConsumerGroupHeartbeat(1, GROUP, f"m{client}", -1))
        self.leave_all(client)

    @rule(ms=st.sampled_from([5_000, 30_000, 45_000]))
    def sleep(self, ms: int) -> None:
        self.shell.sleep(ms)
        group = self.group
        for client in [*self.epochs]:
            # Who is out hears of it with its next heartbeat, and until then has what it had: that
            # is what a session's end cannot prevent, and no part of what is looked at here.
            if group is None or f"m{client}" not in group.members:
                self.leave_all(client)

    @rule()
    def restart(self) -> None:
        before = self.group
        self.shell.disown(HOME)
        self.shell.own([HOME])
        assert self.group == before

    @invariant()
    def nobody_has_what_another_has(self) -> None:
        taken = Counter(partition for found in self.has.values() for partition in found)
        assert all(number == 1 for number in taken.values())

    @invariant()
    def the_coordinator_knows_who_has_what(self) -> None:
        group = self.group
        for client, found in self.has.items():
            assert group is not None
            member = group.members[f"m{client}"]
            assert found <= {*member.assigned, *member.revoking}

    @rule()
    def settle_down(self) -> None:
        """When everyone does as told, everyone soon has its part of the target."""
        for _ in range(8):
            for client in sorted(self.epochs):
                self.beat(client, slow=False)
        group = self.group
        if group is None or not group.members:
            return
        assert group.state == "Stable"
        for name, member in group.members.items():
            assert member.state is MemberState.STABLE
            assert frozenset(member.assigned) == group.targets[name]


TestConsumers = Consumers.TestCase
TestConsumers.settings = settings(max_examples=25, stateful_step_count=25)


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[Subscriber], dict[UUID, int]]:
    """Members, what they had, and topics."""
    sizes = draw(st.dictionaries(st.sampled_from([*TOPICS.values()]), st.integers(0, 7)))
    known = sorted(sizes)
    subsets = st.frozensets(st.sampled_from(known)) if known else st.just(frozenset())
    everyone = draw(st.booleans())
    taken: set[Partition] = set()
    members = []
    for number in range(draw(st.integers(1, 4))):
        had = draw(st.frozensets(st.tuples(st.sampled_from([*TOPICS.values()]), st.integers(0, 7))))
        members.append(
            Subscriber(
                f"m{number}",
                draw(st.sampled_from([None, f"s{9 - number}"])),
                frozenset(known) if everyone else draw(subsets),
                frozenset(had - taken),
            )
        )
        taken |= had
    return members, sizes


@given(situations())
def test_each_partition_goes_to_one_of_those_that_want_it(
    situation: tuple[list[Subscriber], dict[UUID, int]],
) -> None:
    members, sizes = situation
    for assign in (assign_uniform, assign_range):
        target = assign(members, sizes)
        assert target.keys() == {each.member_id for each in members}
        for each in members:
            assert all(topic in each.topics for topic, _ in target[each.member_id])
        wanted = {topic for each in members for topic in each.topics}
        dealt = Counter(partition for found in target.values() for partition in found)
        assert dealt == Counter(
            (topic, number) for topic in wanted for number in range(sizes[topic])
        )


@given(situations())
def test_uniform_is_even_and_sticky(
    situation: tuple[list[Subscriber], dict[UUID, int]],
) -> None:
    members, sizes = situation
    target = assign_uniform(members, sizes)
    loads = {each.member_id: len(target[each.member_id]) for each in members}
    for each in members:
        for other in members:
            # Nobody could do with one less where another could do with one more.
            movable = any(topic in other.topics for topic, _ in target[each.member_id])
            assert not movable or loads[each.member_id] <= loads[other.member_id] + 1
    again = [
        Subscriber(each.member_id, each.instance_id, each.topics, target[each.member_id])
        for each in members
    ]
    assert assign_uniform(again, sizes) == target


@given(situations())
def test_uniform_takes_nothing_without_need(
    situation: tuple[list[Subscriber], dict[UUID, int]],
) -> None:
    """With one subscription for all, who gives something up had more than its share."""
    members, sizes = situation
    if len({each.topics for each in members}) > 1:
        return
    target = assign_uniform(members, sizes)
    total = sum(sizes[topic] for topic in members[0].topics)
    for each in members:
        kept = {part for part in each.owned if part[0] in each.topics and part[1] < sizes[part[0]]}
        if kept - target[each.member_id]:
            assert len(target[each.member_id]) >= total // len(members)
            assert target[each.member_id] <= kept


def test_range_is_consecutive_and_static_members_come_first() -> None:
    topic = TOPICS["t"]
    members = [
        Subscriber(name, instance, frozenset({topic}), frozenset())
        for name, instance in (("a", None), ("b", "s2"), ("c", "s1"))
    ]
    target = assign_range(members, {topic: 7})
    numbers = {name: sorted(number for _, number in found) for name, found in target.items()}
    assert numbers == {"c": [0, 1, 2], "b": [3, 4], "a": [5, 6]}
