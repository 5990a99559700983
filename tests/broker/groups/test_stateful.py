"""The group coordinator under any sequence of requests, failures and restarts.

What is looked at after each step is what its clients rely on: nobody is answered twice or left
without a timer that ends its wait, members of a generation are told one assignment, and what the
log says is what there is.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import count
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from broker.errors import ErrorCode
from broker.groups.classic.group import ClassicGroup, State
from broker.groups.classic.rebalance import JoinDue, SessionDue, SyncDue
from broker.groups.config import GroupConfig
from broker.groups.coordinator import GroupCoordinator
from broker.groups.core import Core
from broker.groups.offsets.requests import (
    OffsetCommit,
    OffsetDelete,
    Position,
    TopicPositions,
    TopicWanted,
    TxnOffsetCommit,
)
from broker.groups.records import decode
from broker.groups.records.classic import GroupKey, GroupValue
from broker.groups.requests import (
    DeleteGroups,
    Heartbeat,
    JoinGroup,
    JoinGroupResponse,
    LeaveGroup,
    Leaver,
    Protocol,
    SyncGroup,
    SyncGroupResponse,
)
from broker.owners import partition_for
from broker.sansio import Entry, Marker, Reply
from tests.broker.shell import Shell

GROUP = "g"
HOME = partition_for(GROUP, 50)
MEMBERS = st.integers(0, 3)
OFFSETS = st.integers(0, 5)
PRODUCERS = st.integers(1, 2)
LISTS = st.lists(st.sampled_from(["range", "sticky"]), min_size=1, max_size=2, unique=True)
FAILURES = st.sampled_from([ErrorCode.KAFKA_STORAGE_ERROR, ErrorCode.NOT_ENOUGH_REPLICAS])
CONFIG = GroupConfig(group_initial_rebalance_delay_ms=50, group_max_size=3)


def coordinator(log: Iterable[Entry | Marker]) -> tuple[GroupCoordinator, Shell]:
    """One that has replayed a log."""
    numbers = count(1)
    made = GroupCoordinator(CONFIG, lambda: str(next(numbers)))
    shell = Shell(made.handle)
    shell.logs[HOME] = [*log]
    shell.own([HOME])
    return made, shell


def core_of(made: GroupCoordinator) -> Core:
    return made._shards[HOME].core


def compacted(log: list[Entry | Marker]) -> list[Entry | Marker]:
    """The log less the records that a later one of the same key, and of no transaction, hides.

    Records of transactions stay, with their markers: Kafka's cleaner, too, keeps what is after
    the first open transaction, and ours is not told which are over.
    """
    newest: dict[bytes, int] = {}
    for at, entry in enumerate(log):
        if isinstance(entry, Entry) and entry.producer_id == -1:
            newest[entry.record.key] = at
    return [
        entry
        for at, entry in enumerate(log)
        if isinstance(entry, Marker) or entry.producer_id != -1 or newest[entry.record.key] == at
    ]


def durable(group: ClassicGroup) -> tuple[Any, ...]:
    """What of a group is in its record."""
    return (
        group.generation,
        group.protocol,
        {
            each.member_id: (each.instance_id, each.session_timeout, each.assignment)
            for each in group.members.values()
        },
    )


class Groups(RuleBasedStateMachine):
    """One group, a few clients, half of them static, none of them well-behaved."""

    @initialize()
    def start(self) -> None:
        self.made, self.shell = coordinator([])
        self.ids: dict[int, str] = {}
        self.generation: dict[int, int] = {}
        self.known: ClassicGroup | None = None
        self.highest = 0
        self.tokens: dict[int, int] = {}
        self.assigned: dict[tuple[int, str], bytes] = {}

    @property
    def group(self) -> ClassicGroup | None:
        return core_of(self.made).classic.get(GROUP)

    def learn(self) -> None:
        """What the clients are told."""
        for output in self.shell.take():
            if not isinstance(output, Reply) or output.token not in self.tokens:
                continue
            client = self.tokens[output.token]
            if isinstance(output.response, JoinGroupResponse):
                error = output.response.error
                if error in {ErrorCode.NONE, ErrorCode.MEMBER_ID_REQUIRED}:
                    self.ids[client] = output.response.member_id
                if error is ErrorCode.NONE:
                    self.generation[client] = output.response.generation
                if error is ErrorCode.UNKNOWN_MEMBER_ID:
                    self.ids.pop(client, None)

    def instance(self, client: int) -> str | None:
        return f"s{client}" if client % 2 else None

    @rule(client=MEMBERS, names=LISTS, version=st.sampled_from([0, 3, 5, 9]), known=st.booleans())
    def join(self, client: int, names: list[str], version: int, known: bool) -> None:
        token = self.shell.asked + 1
        self.tokens[token] = client
        self.shell.ask(
            JoinGroup(
                version,
                GROUP,
                self.ids.get(client, "") if known else "",
                6000 + 1000 * client,
                9000,
                "consumer",
                tuple(Protocol(name, b"") for name in names),
                self.instance(client),
                f"c{client}",
            )
        )
        self.learn()

    @rule(client=MEMBERS, stale=st.sampled_from([0, 0, 0, 1]))
    def sync(self, client: int, stale: int) -> None:
        group = self.group
        generation = self.generation.get(client, 0) - stale
        everyone = tuple(group.members) if group else ()
        assignments = tuple((each, f"{generation} {each}".encode()) for each in everyone)
        self.tokens[self.shell.asked + 1] = client
        self.shell.ask(
            SyncGroup(
                3, GROUP, generation, self.ids.get(client, "x"), self.instance(client),
                assignments=assignments,
            )
        )  # fmt: skip
        self.learn()

    @rule(client=MEMBERS)
    def heartbeat(self, client: int) -> None:
        self.shell.ask(Heartbeat(GROUP, self.generation.get(client, 0), self.ids.get(client, "x")))
        self.learn()

    @rule(client=MEMBERS)
    def leave(self, client: int) -> None:
        self.shell.ask(LeaveGroup(GROUP, (Leaver(self.ids.get(client, "x")),)))
        self.learn()

    @rule(client=MEMBERS, offset=OFFSETS, simple=st.booleans())
    def commit(self, client: int, offset: int, simple: bool) -> None:
        member = "" if simple else self.ids.get(client, "x")
        generation = -1 if simple else self.generation.get(client, 0)
        topics = (TopicPositions("t", (Position(client % 2, offset),)),)
        self.shell.ask(OffsetCommit(8, GROUP, topics, generation, member))
        self.learn()

    @rule(producer=PRODUCERS, offset=OFFSETS)
    def commit_in_transaction(self, producer: int, offset: int) -> None:
        topics = (TopicPositions("t", (Position(0, offset),)),)
        self.shell.ask(TxnOffsetCommit(3, GROUP, topics, producer, 0))
        self.learn()

    @precondition(lambda self: not self.shell.waiting)
    @rule(producer=PRODUCERS, commit=st.booleans())
    def mark(self, producer: int, commit: bool) -> None:
        self.shell.mark(HOME, producer, commit=commit)

    @rule(whole=st.booleans())
    def delete(self, whole: bool) -> None:
        wanted = (TopicWanted("t", (0,)),)
        self.shell.ask(DeleteGroups((GROUP,)) if whole else OffsetDelete(GROUP, wanted))
        self.learn()

    @rule(ms=st.sampled_from([0, 50, 3000, 9000]))
    def sleep(self, ms: int) -> None:
        self.shell.sleep(ms)
        self.learn()

    @rule()
    def hold(self) -> None:
        self.shell.holding = True

    @rule(error=st.just(ErrorCode.NONE) | FAILURES)
    def settle(self, error: ErrorCode) -> None:
        self.shell.holding = False
        self.shell.settle(error=error)
        self.learn()

    @rule(error=FAILURES)
    def fail(self, error: ErrorCode) -> None:
        """The next write fails."""
        self.shell.failing = [error]

    def teardown(self) -> None:
        """In the end everybody is answered."""
        if hasattr(self, "shell"):
            self.restart()

    @rule()
    def restart(self) -> None:
        self.shell.disown(HOME)
        answered = set(self.shell.replies) | self.shell.forgotten
        assert answered == set(range(1, self.shell.asked + 1)), "somebody waits for ever"
        self.shell.timers.clear()
        self.shell.holding, self.shell.failing = False, []
        self.shell.own([HOME])
        self.learn()

    # What holds -------------------------------------------------------------------------------

    @invariant()
    def the_group_is_in_order(self) -> None:
        group = self.group
        if group is None:
            return
        assert group.leader in group.members if group.members else group.leader is None
        assert set(group.statics.values()) == {
            each.member_id for each in group.members.values() if each.instance_id is not None
        }
        assert not group.pending & set(group.members)
        assert group.unsynced <= set(group.members)
        if group.state is State.EMPTY:
            assert not group.members
        if group.state in {State.COMPLETING, State.STABLE}:
            assert group.members
            assert all(
                any(protocol.name == group.protocol for protocol in each.protocols)
                for each in group.members.values()
                if each.joining is None
            )

    @invariant()
    def who_waits_is_waited_for(self) -> None:
        """Whoever is parked has a timer, or a write, that ends it."""
        group, timers = self.group, self.shell.timers
        if group is None or GROUP in core_of(self.made).held:
            return
        for name in [*group.members, *group.pending]:
            member = group.members.get(name)
            parked = member is not None and member.joining is not None and not member.new
            syncing = member is not None and member.syncing is not None
            assert SessionDue(GROUP, name) in timers or parked or syncing
        if group.state is State.PREPARING:
            assert JoinDue(GROUP) in timers
        if group.unsynced:
            assert SyncDue(GROUP) in timers
        for member in group.members.values():
            assert member.syncing is None or group.state is State.COMPLETING
            if member.joining is not None and group.state is not State.PREPARING:
                assert self.shell.waiting

    @invariant()
    def generations_only_grow(self) -> None:
        group = self.group
        if group is not None and group is self.known:
            assert group.generation >= self.highest
        self.known = group
        self.highest = group.generation if group is not None else 0

    @invariant()
    def members_are_told_what_was_written(self) -> None:
        """Within one generation and one ownership, a member has one assignment."""
        written = {
            (value.generation, member.member_id): member.assignment
            for entry in self.shell.logs[HOME]
            if isinstance(entry, Entry)
            for key, value in [decode(entry.record) or (None, None)]
            if isinstance(key, GroupKey) and isinstance(value, GroupValue)
            for member in value.members
        }
        for token, response in self.shell.replies.items():
            if isinstance(response, SyncGroupResponse) and response.error is ErrorCode.NONE:
                assert response.assignment in written.values(), token

    @precondition(lambda self: not self.shell.waiting)
    @invariant()
    def the_log_says_what_there_is(self) -> None:
        core = core_of(self.made)
        log = self.shell.logs[HOME]
        for replayed in (log, compacted(log)):
            again = core_of(coordinator(replayed)[0])
            assert again.offsets.committed.keys() == core.offsets.committed.keys()
            for name, positions in core.offsets.committed.items():
                assert {partition: each.value for partition, each in positions.items()} == {
                    partition: each.value
                    for partition, each in again.offsets.committed[name].items()
                }
            group = self.group
            if group is not None and group.state is State.STABLE:
                assert durable(again.classic[GROUP]) == durable(group)


TestGroups = Groups.TestCase
TestGroups.settings = settings(max_examples=40, stateful_step_count=40)
