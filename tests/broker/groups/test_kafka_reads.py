"""Apache Kafka reads the records that the coordinators write, and sees in them what they say."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from broker.groups.records import encode
from broker.groups.records.classic import (
    GroupKey,
    GroupValue,
    MemberValue,
    OffsetKey,
    OffsetValue,
)
from broker.groups.records.consumer import (
    ClassicMember,
    ClassicProtocol,
    CurrentKey,
    CurrentValue,
    EpochKey,
    EpochValue,
    RegexKey,
    RegexValue,
    SubscriptionKey,
    SubscriptionValue,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
    TopicPartitions,
)
from broker.sansio import Record
from broker.transactions import records as transactions
from broker.transactions.transaction import Metadata, State
from broker.wire.records import build
from tests.broker.jars import run_tool

TOPIC = UUID(int=5)
ID = "AAAAAAAAAAAAAAAAAAAABQ"  # as Kafka writes it


def dumped(folder: Path, records: Sequence[Record], decoder: str) -> list[tuple[Any, Any]]:
    """The keys and values of a segment's records, as Kafka's own tool decodes them."""
    segment = folder / f"{0:020}.log"
    segment.write_bytes(build([(record.key, record.value) for record in records], 1000))
    output = run_tool("DumpLogSegments", "--files", str(segment), f"--{decoder}")
    found = []
    for line in output.splitlines():
        if " key: " in line:
            key, _, payload = line.split(" key: ", 1)[1].partition(" payload: ")
            found.append((key, payload))
    return [(_parsed(key), _parsed(payload)) for key, payload in found]


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


@pytest.mark.slow
def test_offsets_and_classic_groups(tmp_path: Path) -> None:
    member = MemberValue("m-1", "c", "/127.0.0.1", 10_000, b"sub", b"assigned", "s1", 30_000)
    found = dumped(
        tmp_path,
        [
            encode(OffsetKey("g", "t", 3), OffsetValue(42, 7, "note", 1000, -1, TOPIC)),
            encode(OffsetKey("g", "t", 4), OffsetValue(42, -1, "", 1000, 2000)),
            encode(OffsetKey("g", "t", 5), None),
            encode(GroupKey("g"), GroupValue("consumer", 4, "range", "m-1", 999, (member,))),
            encode(GroupKey("g"), GroupValue("", 0, None, None, 999)),
        ],
        "offsets-decoder",
    )
    keys, values = zip(*found, strict=True)
    assert [key["data"] for key in keys] == [
        *({"group": "g", "topic": "t", "partition": number} for number in (3, 4, 5)),
        {"group": "g"},
        {"group": "g"},
    ]
    assert [key["type"] for key in keys] == ["1", "1", "1", "2", "2"]
    assert values[0] == {
        "version": "4",
        "data": {
            "offset": 42,
            "leaderEpoch": 7,
            "metadata": "note",
            "commitTimestamp": 1000,
            "topicId": ID,
        },
    }
    assert values[1]["version"] == "1"
    assert values[1]["data"]["expireTimestamp"] == 2000
    assert values[2] == "<DELETE>"
    assert values[3]["version"] == "3"
    assert values[3]["data"] | {"members": None} == {
        "protocolType": "consumer",
        "generation": 4,
        "protocol": "range",
        "leader": "m-1",
        "currentStateTimestamp": 999,
        "members": None,
    }
    (told,) = values[3]["data"]["members"]
    assert told == {
        "memberId": "m-1",
        "groupInstanceId": "s1",
        "clientId": "c",
        "clientHost": "/127.0.0.1",
        "rebalanceTimeout": 30_000,
        "sessionTimeout": 10_000,
        "subscription": "c3Vi",
        "assignment": "YXNzaWduZWQ=",
    }
    assert values[4]["data"]["members"] == []


@pytest.mark.slow
def test_consumer_groups(tmp_path: Path) -> None:
    classic = ClassicMember(45_000, (ClassicProtocol("range", b"sub"),))
    subscription = SubscriptionValue(
        "s1", "r", "c", "/127.0.0.1", ("t",), "t.*", 30_000, "uniform", classic
    )
    owned = (TopicPartitions(TOPIC, (0, 1), (3, 4)),)
    found = dumped(
        tmp_path,
        [
            encode(EpochKey("g"), EpochValue(5, 77)),
            encode(SubscriptionKey("g", "m"), subscription),
            encode(TargetEpochKey("g"), TargetEpochValue(5, 1000)),
            encode(TargetKey("g", "m"), TargetValue((TopicPartitions(TOPIC, (0, 1)),))),
            encode(CurrentKey("g", "m"), CurrentValue(5, 4, 1, owned, ())),
            encode(RegexKey("g", "t.*"), RegexValue(("t",), 9, 1000)),
        ],
        "offsets-decoder",
    )
    assert [key["type"] for key, _ in found] == ["3", "5", "6", "7", "8", "16"]
    values = [value["data"] for _, value in found]
    assert values[0] == {"epoch": 5, "metadataHash": 77}
    assert values[1]["subscribedTopicNames"] == ["t"]
    assert values[1]["subscribedTopicRegex"] == "t.*"
    assert values[1]["serverAssignor"] == "uniform"
    assert values[1]["classicMemberMetadata"] == {
        "sessionTimeoutMs": 45_000,
        "supportedProtocols": [{"name": "range", "metadata": "c3Vi"}],
    }
    assert values[2] == {"assignmentEpoch": 5, "assignmentTimestamp": 1000}
    assert values[3] == {"topicPartitions": [{"topicId": ID, "partitions": [0, 1]}]}
    assert values[4]["assignedPartitions"] == [
        {"topicId": ID, "partitions": [0, 1], "assignmentEpochs": [3, 4]}
    ]
    assert (values[4]["memberEpoch"], values[4]["previousMemberEpoch"], values[4]["state"]) == (
        5,
        4,
        1,
    )
    assert values[5] == {"topics": ["t"], "version": 9, "timestamp": 1000}


@pytest.mark.slow
def test_transactions(tmp_path: Path) -> None:
    metadata = Metadata(
        7, 3, 60_000, State.PREPARE_COMMIT, 2000, 1000, frozenset({("t", 1), ("t", 0)}), 6, 8, -1, 2
    )
    found = dumped(
        tmp_path,
        [
            transactions.encode("x", metadata),
            transactions.encode("y", Metadata(9, 0, 60_000, State.EMPTY, 2000)),
            transactions.encode("y", None),
        ],
        "transaction-log-decoder",
    )
    keys, values = zip(*found, strict=True)
    assert [key["data"] for key in keys] == [{"transactionalId": name} for name in ("x", "y", "y")]
    assert values[0] == {
        "version": "1",
        "data": {
            "producerId": 7,
            "previousProducerId": 6,
            "nextProducerId": 8,
            "producerEpoch": 3,
            "transactionTimeoutMs": 60_000,
            "transactionStatus": 2,
            "transactionPartitions": [{"topic": "t", "partitionIds": [0, 1]}],
            "transactionLastUpdateTimestampMs": 2000,
            "transactionStartTimestampMs": 1000,
            "clientTransactionVersion": 2,
        },
    }
    assert values[1]["data"]["transactionPartitions"] is None
    assert values[2] == "<DELETE>"
