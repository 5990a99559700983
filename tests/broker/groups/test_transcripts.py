"""The group coordinator's conduct, written down; how: `tests.broker.transcripts`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path
from uuid import UUID

import pytest

from broker.errors import ErrorCode
from broker.groups.config import GroupConfig
from broker.groups.consumer.requests import ConsumerGroupDescribe, ConsumerGroupHeartbeat
from broker.groups.coordinator import GroupCoordinator, TopicsChanged
from broker.groups.migration.embedded import (
    Assignment,
    NamedPartitions,
    Subscription,
    write_assignment,
    write_subscription,
)
from broker.groups.offsets.requests import (
    GroupWanted,
    OffsetCommit,
    OffsetDelete,
    OffsetFetch,
    Position,
    TopicPositions,
    TopicWanted,
    TxnOffsetCommit,
)
from broker.groups.records import decode
from broker.groups.records.consumer import TopicPartitions
from broker.groups.requests import (
    DeleteGroups,
    DescribeGroups,
    Heartbeat,
    JoinGroup,
    LeaveGroup,
    Leaver,
    ListGroups,
    Protocol,
    SyncGroup,
)
from broker.owners import partition_for
from broker.sansio import Output
from tests.broker import transcripts
from tests.broker.shell import Shell

TRANSCRIPTS = sorted((Path(__file__).parent / "transcripts").glob("*.txt"))
Said = dict[str, str]


def protocols(said: Said) -> tuple[Protocol, ...]:
    """range:one,sticky: the metadata is the text after the colon, or a consumer's subscription."""
    pairs = [each.partition(":") for each in said.get("protocols", "range").split(",") if each]
    told = subscription(said) if "subscribes" in said else b""
    return tuple(Protocol(name, metadata.encode() or told) for name, _, metadata in pairs)


def subscription(said: Said) -> bytes:
    """A consumer's, of the version that cooperative assignors use."""
    generation, topics_ = int(said.get("since", "-1")), listed(said["subscribes"])
    return write_subscription(
        Subscription(topics_, None, named(said.get("has", "")), generation), 2
    )


def named(text: str) -> tuple[NamedPartitions, ...]:
    """t:0,t:1."""
    return tuple(NamedPartitions(each.topic, each.partitions) for each in wanted(text) or ())


def assignment(text: str) -> bytes:
    """t:0+t:1: a consumer's assignment; or any text."""
    if ":" not in text:
        return text.encode()
    return write_assignment(Assignment(named(text.replace("+", ","))), 1)


def listed(text: str) -> tuple[str, ...]:
    return tuple(each for each in text.split(",") if each)


def positions(text: str) -> tuple[TopicPositions, ...]:
    """t:0=5,t:1=7 or t:0=5:metadata."""
    parsed: dict[str, list[Position]] = {}
    for each in listed(text):
        topic, rest = each.split(":", 1)
        partition, rest = rest.split("=", 1)
        offset, _, metadata = rest.partition(":")
        parsed.setdefault(topic, []).append(
            Position(int(partition), int(offset), metadata=metadata or None)
        )
    return tuple(TopicPositions(topic, tuple(found)) for topic, found in parsed.items())


def wanted(text: str) -> tuple[TopicWanted, ...] | None:
    """t:0,t:1 or all."""
    if text == "all":
        return None
    parsed: dict[str, list[int]] = {}
    for each in listed(text):
        topic, partition = each.split(":")
        parsed.setdefault(topic, []).append(int(partition))
    return tuple(TopicWanted(topic, tuple(found)) for topic, found in parsed.items())


def topics(text: str) -> dict[str, tuple[UUID, int]]:
    """t:4,u:2; a topic's id is the numbers of its letters."""
    pairs = (each.split(":") for each in listed(text))
    return {name: (topic_id(name), int(size)) for name, size in pairs}


def topic_id(name: str) -> UUID:
    return UUID(int=int.from_bytes(name.encode(), "big"))


def owned(text: str | None) -> tuple[TopicPartitions, ...] | None:
    """t:0,t:1, or nothing at all."""
    if text is None:
        return None
    return tuple(
        TopicPartitions(topic_id(each.topic), each.partitions) for each in wanted(text) or ()
    )


REQUESTS: dict[str, Callable[[Said], object]] = {
    "join": lambda said: JoinGroup(
        int(said.get("version", "5")),
        said.get("group", "g"),
        said.get("member", ""),
        int(said.get("session", "10000")),
        int(said.get("rebalance", "30000")),
        said.get("type", "consumer"),
        protocols(said),
        said.get("instance"),
        said.get("client", "c"),
        "/127.0.0.1",
    ),
    "sync": lambda said: SyncGroup(
        int(said.get("version", "3")),
        said.get("group", "g"),
        int(said["generation"]),
        said["member"],
        said.get("instance"),
        said.get("type"),
        said.get("protocol"),
        tuple(
            (member, assignment(given))
            for member, _, given in (each.partition(":") for each in listed(said.get("assign", "")))
        ),
    ),
    "heartbeat": lambda said: Heartbeat(
        said.get("group", "g"), int(said["generation"]), said["member"], said.get("instance")
    ),
    "leave": lambda said: LeaveGroup(
        said.get("group", "g"),
        tuple(
            Leaver(member, instance or None)
            for member, _, instance in (each.partition("/") for each in said["members"].split(","))
        ),
    ),
    "describe": lambda said: DescribeGroups(
        int(said.get("version", "5")), listed(said.get("groups", "g"))
    ),
    "list": lambda said: ListGroups(listed(said.get("states", "")), listed(said.get("types", ""))),
    "delete": lambda said: DeleteGroups(listed(said.get("groups", "g"))),
    "commit": lambda said: OffsetCommit(
        int(said.get("version", "8")),
        said.get("group", "g"),
        positions(said["offsets"]),
        int(said.get("generation", "-1")),
        said.get("member", ""),
        said.get("instance"),
        int(said.get("retention", "-1")),
    ),
    "txn-commit": lambda said: TxnOffsetCommit(
        int(said.get("version", "3")),
        said.get("group", "g"),
        positions(said["offsets"]),
        int(said["producer"]),
        0,
        int(said.get("generation", "-1")),
        said.get("member", ""),
        said.get("instance"),
    ),
    "fetch": lambda said: OffsetFetch(
        tuple(
            GroupWanted(group, wanted(said.get("topics", "all")))
            for group in listed(said.get("groups", "g"))
        ),
        said.get("stable") == "yes",
    ),
    "beat": lambda said: ConsumerGroupHeartbeat(
        int(said.get("version", "1")),
        said.get("group", "g"),
        said["member"],
        int(said["epoch"]),
        said.get("instance"),
        None,
        int(said.get("rebalance", "30000" if said["epoch"] == "0" else "-1")),
        listed(said["topics"]) if "topics" in said else None,
        said.get("regex"),
        said.get("assignor"),
        owned(said.get("owned", "" if said["epoch"] == "0" else None)),
        "c",
        "/127.0.0.1",
    ),
    "describe-consumer": lambda said: ConsumerGroupDescribe(listed(said.get("groups", "g"))),
    "fetch-as": lambda said: OffsetFetch(
        (GroupWanted(said.get("group", "g"), None, said["member"], int(said["epoch"])),)
    ),
    "forget": lambda said: OffsetDelete(said.get("group", "g"), wanted(said["topics"]) or ()),
}


class Session:
    """One transcript's coordinator, and what is done to it."""

    def __init__(self) -> None:
        self.shell = Shell(lambda event, now: [])
        self.configure({})

    def configure(self, said: Said) -> None:
        values = {"group_initial_rebalance_delay_ms": "3000"} | said
        typed = {name: int(value) if value.isdigit() else value for name, value in values.items()}
        config = GroupConfig(**typed)  # type: ignore[arg-type]
        numbers = count(1)
        coordinator = GroupCoordinator(config, lambda: str(next(numbers)))
        self.shell.handle = coordinator.handle
        self.shell.timers.clear()

    def give(self, verb: str, said: Said) -> list[Output]:
        """What follows, less the timers of every partition that nothing is said about."""
        outputs = self._give(verb, said)
        return [each for each in outputs if "ExpiryDue" not in str(each)]

    def _give(self, verb: str, said: Said) -> list[Output]:
        shell = self.shell
        partition = partition_for(said.get("group", "g"), 50)
        if verb in REQUESTS:
            shell.ask(REQUESTS[verb](said))
            return shell.take()
        match verb:
            case "configure":
                self.configure(said)
            case "own":
                shell.own(range(50))
            case "resign":
                shell.disown(partition)
            case "sleep":
                shell.sleep(int(said["ms"]))
            case "hold":
                shell.holding = True
            case "settle":
                shell.holding = False
                shell.settle()
            case "fail":
                shell.holding = False
                shell.settle(error=ErrorCode[said["error"]])
            case "mark":
                shell.mark(partition, int(said["producer"]), commit=said["commit"] == "yes")
            case "topics":
                shell.feed(TopicsChanged(topics(said["are"])))
            case _:
                raise ValueError(verb)
        return shell.take()


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_transcript(path: Path) -> None:
    transcripts.check(path, Session().give, decode)


def test_there_are_transcripts() -> None:
    assert TRANSCRIPTS
