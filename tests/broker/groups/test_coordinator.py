"""What transcripts cannot say: logs that are replayed bit by bit, names without end."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.groups.config import GroupConfig
from broker.groups.coordinator import GroupCoordinator
from broker.groups.offsets.requests import (
    GroupWanted,
    OffsetFetch,
    Position,
    TopicPositions,
    TxnOffsetCommit,
)
from broker.groups.requests import Heartbeat, JoinGroup, ListGroups, Protocol
from broker.owners import partition_for
from broker.sansio import Elected, Ended, Loaded, Marker, Replayed
from broker.transactions.config import TransactionConfig
from broker.transactions.coordinator import TransactionCoordinator
from broker.transactions.requests import EndTxn
from tests.broker.shell import Shell

HOME = partition_for("g", 50)
LONG = "x" * 20_000


def started() -> Shell:
    numbers = count(1)
    return Shell(GroupCoordinator(GroupConfig(), lambda: str(next(numbers))).handle)


def offset(shell: Shell, *, stable: bool) -> Any:
    fetched = shell.answer(OffsetFetch((GroupWanted("g", None),), stable))
    return [part for topic in fetched.groups[0].topics for part in topic.partitions]


def test_a_partition_that_is_being_loaded_says_so_but_for_heartbeats() -> None:
    shell = started()
    shell.feed(Elected(HOME))
    loading = ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
    join = JoinGroup(5, "g", "", 10_000, 10_000, "consumer", (Protocol("range", b""),))
    assert shell.answer(join).error is loading
    assert shell.answer(Heartbeat("g", 1, "m")).error is ErrorCode.NONE
    assert shell.answer(ListGroups()).error is loading
    assert shell.answer(OffsetFetch((GroupWanted("g", None),))).groups[0].error is loading
    shell.feed(Loaded(HOME))
    assert shell.answer(ListGroups()).error is ErrorCode.NONE


@pytest.mark.parametrize("when", ["before", "between", "after"])
def test_a_marker_counts_whenever_it_is_written(when: str) -> None:
    """The log is read while transactions end: no marker may fall between the two."""
    shell = started()
    shell.own([HOME])
    positions = (TopicPositions("t", (Position(0, 5),)),)
    shell.ask(TxnOffsetCommit(3, "g", positions, 7, 0))
    entries = [*shell.logs[HOME]]
    marker = Ended(HOME, Marker(7, commit=True))
    again = started()
    again.feed(Elected(HOME))
    if when == "before":
        again.feed(marker)
    again.feed(Replayed(HOME, entries))
    if when == "between":
        again.feed(marker)
    again.feed(Loaded(HOME))
    if when == "after":
        again.feed(marker)
    [found] = offset(again, stable=True)
    assert (found.offset, found.error) == (5, ErrorCode.NONE)


@pytest.mark.parametrize("field", ["group", "member_id", "instance_id", "client_id"])
def test_names_without_end_are_refused(field: str) -> None:
    """A record's key has sixteen bits for the length of a name."""
    shell = started()
    shell.own(range(50))
    said = {"group": "g", "member_id": "", "instance_id": None, "client_id": "c"} | {field: LONG}
    protocols = (Protocol("range", b""),)
    join = JoinGroup(
        5,
        said["group"] or "",
        said["member_id"] or "",
        10_000,
        10_000,
        "consumer",
        protocols,
        said["instance_id"],
        said["client_id"] or "",
    )
    assert shell.answer(join).error is ErrorCode.INVALID_REQUEST
    assert not shell.waiting
    named = JoinGroup(5, "g", "", 10_000, 10_000, "consumer", (Protocol(LONG, b""),))
    assert shell.answer(named).error is ErrorCode.INVALID_REQUEST


def test_so_are_transactional_ids() -> None:
    shell = Shell(TransactionCoordinator(TransactionConfig(), lambda: 1).handle)
    shell.own(range(50))
    assert shell.answer(EndTxn(4, LONG, 1, 0, commit=True)).error is ErrorCode.INVALID_REQUEST
