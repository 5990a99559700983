"""A group of any mixture of protocols, under any order of requests, timeouts, failures, reloads.

What holds, and a planted mistake for each that shows that it would be noticed:

- a partition is read by at most one of the members that are in order;
- epochs, and the generations that they become and were, only rise;
- a stale epoch or generation changes nothing;
- a reload gives the same group;
- once everybody has caught up, everybody has its target, and somebody has each partition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from broker.errors import ErrorCode
from broker.groups.classic.group import ClassicGroup, State
from broker.groups.config import GroupConfig
from broker.groups.consumer import draft, heartbeat, target
from broker.groups.consumer.group import ConsumerGroup, Member, MemberState
from broker.groups.consumer.members import known
from broker.groups.consumer.requests import ConsumerGroupHeartbeat
from broker.groups.coordinator import GroupCoordinator, TopicsChanged
from broker.groups.migration import downgrade, upgrade
from broker.groups.migration.members import ClassicMembers
from broker.groups.offsets.requests import OffsetCommit, Position, TopicPositions
from broker.groups.records import encode
from broker.groups.records.consumer import SubscriptionValue
from broker.groups.requests import Heartbeat, LeaveGroup, Leaver, SyncGroup
from broker.owners import partition_for
from broker.sansio import Record
from tests.broker.groups.mixture import (
    CONSUMER,
    COOPERATIVE,
    EAGER,
    GROUP,
    REBALANCE,
    SESSION,
    TOPICS,
    Client,
    Crowd,
)
from tests.broker.groups.test_stateful import durable
from tests.broker.shell import Shell

HOME = partition_for(GROUP, 50)
NUMBERS = st.integers(0, 3)
PROTOCOLS = st.sampled_from([EAGER, COOPERATIVE, CONSUMER])
SUBSCRIPTIONS = st.sampled_from([("t",), ("t", "u")])
SIZES = st.fixed_dictionaries({name: st.integers(1, 4) for name in TOPICS})
POLICIES = st.sampled_from(["bidirectional", "bidirectional", "upgrade", "downgrade"])
FAILURES = st.sampled_from([ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_ENOUGH_REPLICAS])
CONFIG = GroupConfig(
    group_initial_rebalance_delay_ms=50,
    group_consumer_session_timeout_ms=SESSION,
    group_consumer_assignment_interval_ms=500,
)
ROUND = 1_500
"""ms in which everybody does something, when all catch up."""


class Mixture(RuleBasedStateMachine):
    """One group, and up to four clients."""

    @initialize(sizes=SIZES, policy=POLICIES)
    def start(self, sizes: dict[str, int], policy: str) -> None:
        numbers = count(1)
        self.policy = policy
        config = replace(CONFIG, group_consumer_migration_policy=policy)
        self.made = GroupCoordinator(config, lambda: str(next(numbers)))
        self.shell = Shell(self.made.handle)
        self.crowd = Crowd(self.shell)
        self.resize(sizes)
        self.shell.own([HOME])
        self.highest = 0
        self.before: set[str] = set()

    # What happens ----------------------------------------------------------------------------

    @rule(sizes=SIZES)
    def resize(self, sizes: dict[str, int]) -> None:
        self.sizes = sizes
        self.shell.feed(TopicsChanged({name: (TOPICS[name], sizes[name]) for name in sizes}))

    @rule(number=NUMBERS, protocol=PROTOCOLS, topics=SUBSCRIPTIONS)
    def begin(self, number: int, protocol: str, topics: tuple[str, ...]) -> None:
        """A client starts, or starts again, perhaps with the other protocol."""
        known = self.crowd.clients.get(number)
        if known is None:
            self.crowd.clients[number] = Client(number, protocol, topics, self.shell)
        else:
            known.restart(protocol)
        self.crowd.step(number, self.sizes, slow=False)

    @precondition(lambda self: self.crowd.clients)
    @rule(data=st.data(), slow=st.booleans(), times=st.integers(1, 4))
    def act(self, data: st.DataObject, slow: bool, times: int) -> None:
        number = data.draw(st.sampled_from(sorted(self.crowd.clients)))
        for _ in range(times):
            self.crowd.step(number, self.sizes, slow=slow)

    @precondition(lambda self: self.crowd.clients)
    @rule(times=st.integers(1, 3))
    def all_act(self, times: int) -> None:
        for _ in range(times):
            for number in sorted(self.crowd.clients):
                self.crowd.step(number, self.sizes, slow=False)

    @precondition(lambda self: self.crowd.clients)
    @rule(data=st.data())
    def leave(self, data: st.DataObject) -> None:
        """A client goes; a static one of the consumer protocol for now."""
        number = data.draw(st.sampled_from(sorted(self.crowd.clients)))
        client = self.crowd.clients.pop(number)
        if client.protocol == CONSUMER:
            epoch = -1 if client.instance is None else -2
            self.shell.ask(
                ConsumerGroupHeartbeat(1, GROUP, client.member or "m", epoch, client.instance)
            )
        elif client.instance is None:
            self.shell.ask(LeaveGroup(GROUP, (Leaver(client.member),)))
        self.crowd.hear()

    @rule(number=st.sampled_from([1, 3]))
    def put_out(self, number: int) -> None:
        """An administrator removes a static member."""
        self.shell.ask(LeaveGroup(GROUP, (Leaver("", f"s{number}"),)))
        self.crowd.hear()

    @rule(ms=st.sampled_from([60, 600, SESSION, REBALANCE]))
    def sleep(self, ms: int) -> None:
        self.shell.sleep(ms)
        self.crowd.hear()

    @rule(error=FAILURES)
    def fail(self, error: ErrorCode) -> None:
        """The next write fails."""
        self.shell.failing = [error]

    @rule()
    def hold(self) -> None:
        self.shell.holding = True

    @rule()
    def settle(self) -> None:
        self.shell.holding = False
        self.shell.settle()
        self.crowd.hear()

    @rule()
    def reload(self) -> None:
        """The coordinator starts again, from what is in the log."""
        before, settled = deepcopy(self.group), not self.shell.waiting
        self.shell.disown(HOME)
        self.crowd.hear()
        self.shell.timers.clear()
        self.shell.holding, self.shell.failing = False, []
        self.shell.own([HOME])
        after = self.group
        if isinstance(before, ConsumerGroup) and settled:
            assert after == before
        elif isinstance(before, ClassicGroup) and before.state is State.STABLE and settled:
            assert isinstance(after, ClassicGroup)
            assert durable(after) == durable(before)
        else:
            self.highest = 0  # a generation that was not written has not been

    @precondition(lambda self: self.group is not None and not self.shell.waiting)
    @rule(data=st.data())
    def speak_from_the_past(self, data: st.DataObject) -> None:
        """A stale epoch or generation changes nothing."""
        group = self.group
        assert group is not None
        if not group.members or GROUP in self.core.held:
            return
        name = data.draw(st.sampled_from(sorted(group.members)))
        log, before = len(self.shell.logs[HOME]), deepcopy(group)
        for error in self._stale(group, name):
            assert error is not ErrorCode.NONE
        assert len(self.shell.logs[HOME]) == log
        assert self.group == before

    def _stale(self, group: ClassicGroup | ConsumerGroup, name: str) -> Iterator[ErrorCode]:
        member = group.members[name]
        modern = isinstance(member, Member) and member.subscription.classic is None
        at = member.epoch if isinstance(member, Member) else group.generation  # type: ignore[union-attr]
        topics = (TopicPositions("t", (Position(0, 1),), TOPICS["t"]),)
        for stale in (max(at, 0) + 1, max(at, 0) + 7):
            if modern:
                ask = ConsumerGroupHeartbeat(1, GROUP, name, stale, owned=(),
                                             instance_id=member.subscription.instance_id)  # type: ignore[union-attr] # fmt: skip
                yield self.shell.answer(ask).error
            else:
                yield self.shell.answer(Heartbeat(GROUP, stale, name)).error
                yield self.shell.answer(SyncGroup(3, GROUP, stale, name)).error
            found = self.shell.answer(OffsetCommit(9, GROUP, topics, stale, name))
            yield found.topics[0].partitions[0][1]

    @rule()
    def catch_up(self) -> None:
        """When everybody does as told, everybody has its target, and somebody each partition."""
        self.settle()
        self.shell.failing = []
        for _ in range(2 * (SESSION + REBALANCE) // ROUND):
            for number in sorted(self.crowd.clients):
                self.crowd.step(number, self.sizes, slow=False)
            self.shell.sleep(ROUND)
            self.crowd.hear()
        group, there = self.group, [*self.crowd.clients.values()]
        if isinstance(group, ClassicGroup) and self.policy == "downgrade":
            # Nobody of the consumer protocol is let in.
            there = [client for client in there if client.protocol != CONSUMER]
        if not there:
            return
        assert group is not None
        assert {client.member for client in there} == {*group.members}
        if isinstance(group, ConsumerGroup):
            assert group.state == "Stable"
            for name, member in group.members.items():
                assert member.state is MemberState.STABLE
                assert {*member.assigned} == group.targets[name]
        wanted = {each for client in there for each in client.topics}
        had = {partition for client in there for partition in client.has}
        # A leader looks at the metadata now and then, and asks for a rebalance; these do not.
        if isinstance(group, ConsumerGroup):
            assert had == {(TOPICS[each], n) for each in wanted for n in range(self.sizes[each])}

    # What holds ------------------------------------------------------------------------------

    @property
    def core(self) -> Any:
        return self.made._shards[HOME].core

    @property
    def group(self) -> ClassicGroup | ConsumerGroup | None:
        found: ClassicGroup | ConsumerGroup | None = self.core.consumer.get(
            GROUP
        ) or self.core.classic.get(GROUP)
        return found

    def in_order(self, client: Client) -> bool:
        """Whether a client is a member, at least as far as it could know by now.

        A dynamic one is waited for, or it is out; a static one may miss a whole generation, and
        is in the wrong until it hears of that.
        """
        group = self.group
        if group is None or client.member not in group.members:
            return False
        if client.protocol == CONSUMER:
            return isinstance(group, ConsumerGroup)
        if client.instance is None:
            return True
        member = group.members[client.member]
        at = member.epoch if isinstance(member, Member) else group.generation  # type: ignore[union-attr]
        return client.at == at

    @invariant()
    def nobody_has_what_another_has(self) -> None:
        taken = Counter(
            partition
            for client in self.crowd.clients.values()
            if self.in_order(client)
            for partition in client.has
        )
        assert all(number == 1 for number in taken.values()), taken

    @invariant()
    def the_coordinator_gives_nothing_twice(self) -> None:
        group = self.group
        if isinstance(group, ConsumerGroup):
            each = [part for member in group.members.values()
                    for part in (*member.assigned, *member.revoking)]  # fmt: skip
            assert len(each) == len(set(each))

    @invariant()
    def epochs_only_rise(self) -> None:
        group = self.group
        there = {*group.members} if group is not None else set()
        if not there & self.before:
            self.highest = 0  # it was empty meanwhile, and may be another group
        self.before = there
        if group is None or not there:
            return
        at = group.generation if isinstance(group, ClassicGroup) else group.epoch
        assert at >= self.highest
        self.highest = at
        if isinstance(group, ConsumerGroup):
            assert group.target_epoch <= group.epoch
            assert all(member.epoch <= group.target_epoch for member in group.members.values())


TestMixture = Mixture.TestCase
TestMixture.settings = settings(max_examples=60, stateful_step_count=30)


# Planted mistakes ------------------------------------------------------------------------------


def takes_from_others(patch: pytest.MonkeyPatch) -> None:
    """What others have is given away."""
    patch.setattr(ConsumerGroup, "owned", lambda *_, **__: set())


def forgets_what_members_have(patch: pytest.MonkeyPatch) -> None:
    """An upgrade begins with nothing assigned."""
    patch.setattr(upgrade, "_assigned", lambda *_: iter(()))


def counts_from_before(patch: pytest.MonkeyPatch) -> None:
    """A downgrade has an older generation than the group's epoch."""

    def older(core: Any, draft: Any, left: Any, generation: int, *, rebalance: bool) -> None:
        become_classic(core, draft, left, generation - 1, rebalance=rebalance)

    become_classic = downgrade.become_classic
    patch.setattr(downgrade, "become_classic", older)


def minds_no_epoch(patch: pytest.MonkeyPatch) -> None:
    """A heartbeat of another epoch is taken for one of this."""
    patch.setattr(heartbeat, "check_epoch", lambda *_: None)


def minds_no_generation(patch: pytest.MonkeyPatch) -> None:
    """Nor does a classic member's generation count."""

    def anyone(_: object, group: ConsumerGroup, name: str, instance: str | None, at: int) -> Any:
        del at
        member = known(group, name, instance)
        return member, member.subscription.classic

    patch.setattr(ClassicMembers, "_member", anyone)


def writes_half(patch: pytest.MonkeyPatch) -> None:
    """What a classic member said is not written with its subscription."""

    def half(key: Any, value: Any) -> Record:
        classic = isinstance(value, SubscriptionValue) and value.classic is not None
        return encode(key, replace(value, classic=None) if classic else value)

    patch.setattr(draft, "encode", half)


def never_takes_back(patch: pytest.MonkeyPatch) -> None:
    """What a member has to give up is taken for given up, and never told to be."""
    patch.setattr(ClassicMembers, "_is_to_rejoin", lambda *_: False)


def keeps_the_target(patch: pytest.MonkeyPatch) -> None:
    """A target is made once, and never again."""
    once = target.assign
    patch.setattr(target, "assign", lambda core, to: to.group.targets or once(core, to))


PLANTS = (
    takes_from_others,
    forgets_what_members_have,
    counts_from_before,
    minds_no_epoch,
    minds_no_generation,
    writes_half,
    never_takes_back,
    keeps_the_target,
)


@pytest.mark.slow
@pytest.mark.parametrize("plant", PLANTS, ids=lambda each: each.__name__)
def test_a_mistake_would_be_noticed(
    plant: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch)
    quickly = settings(
        max_examples=1000,
        stateful_step_count=30,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    with pytest.raises(AssertionError):
        run_state_machine_as_test(Mixture, settings=quickly)
