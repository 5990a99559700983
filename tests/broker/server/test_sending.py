"""Large answers from files: past the transport, through it, and partly so; to each event loop."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import pytest

from broker.log.files import MANY
from broker.server import sending
from broker.wire import batches, records
from broker.wire.apis import ApiKey
from conformance.peers import verdict_broker
from tests.broker.raw import RawClient
from tests.broker.server.running import running

PARTITIONS, BATCHES = 3, 6
VALUES = [os.urandom(2 * MANY) for _ in range(PARTITIONS)]


def fill(client: RawClient) -> None:
    client.answer_to(
        ApiKey.CREATE_TOPICS, 5, timeout=10_000,
        topics=[{"name": "t", "num_partitions": PARTITIONS, "replication_factor": 1}],
    )  # fmt: skip
    for index, value in enumerate(VALUES):
        for _ in range(BATCHES):
            data = {
                "name": "t",
                "partition_data": [
                    {"index": index, "records": bytes(records.build([(None, value)], 1000))}
                ],
            }
            answer = client.answer_to(ApiKey.PRODUCE, 9, acks=-1, timeout=9000, topic_data=[data])
            assert answer["responses"][0]["partition_responses"][0]["error_code"] == 0


def ask(client: RawClient, **more: Any) -> None:
    parts = [
        {"partition": index, "fetch_offset": 0, "partition_max_bytes": 1 << 30}
        for index in range(PARTITIONS)
    ]
    client.send(
        ApiKey.FETCH, 12, max_wait=0, min_bytes=1, max_bytes=1 << 30, session_epoch=-1,
        topics=[{"topic": "t", "partitions": parts}], **more,
    )  # fmt: skip


def check(answer: dict[str, Any]) -> None:
    """All partitions whole, each with its own values at their offsets."""
    parts = answer["responses"][0]["partitions"]
    assert [part["partition_index"] for part in parts] == list(range(PARTITIONS))
    for part, value in zip(parts, VALUES, strict=True):
        found = part["records"]
        headers = [batches.checked(found, at) for at, _ in batches.walk(found)]
        assert [header.base_offset for header in headers] == list(range(BATCHES))
        assert found.count(value) == BATCHES


def slow_and_hasty(port: int) -> None:
    """One that reads late what is more than sockets hold; one that asks thrice before it reads."""
    with RawClient(port) as client:
        fill(client)
        ask(client)
        check(client.answer())
        ask(client)
        time.sleep(0.3)
        check(client.answer())
        for _ in range(3):
            ask(client)
        for _ in range(3):
            check(client.answer())


def test_what_is_large_comes_whole_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[tuple[int, int]] = []
    at_once = sending._at_once

    def watched(socket: int, parts: list[Any]) -> list[Any]:
        left = at_once(socket, parts)
        taken.append((len(parts), len(left)))
        return left

    monkeypatch.setattr(sending, "_at_once", watched)
    with running(tmp_path) as broker:
        slow_and_hasty(broker.port)
    assert any(left for _, left in taken)
    assert all(parts == 2 * PARTITIONS + 1 for parts, _ in taken)


def test_a_broker_of_its_own_does_the_same(tmp_path: Path) -> None:
    with verdict_broker(tmp_path) as broker:
        slow_and_hasty(int(broker.bootstrap.rpartition(":")[2]))


def test_a_file_that_is_cut_while_it_is_sent_costs_that_client_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once = sending._at_once

    def cut(socket: int, parts: list[Any]) -> list[Any]:
        for path in tmp_path.rglob("t-*/*.log"):
            os.truncate(path, 100)
        return at_once(socket, parts)

    with running(tmp_path) as broker, RawClient(broker.port) as client:
        fill(client)
        with monkeypatch.context() as patched:
            patched.setattr(sending, "_at_once", cut)
            ask(client)
            with pytest.raises(ConnectionResetError):
                client.answer()
        with RawClient(broker.port) as another:
            assert another.answer_to(ApiKey.METADATA, 1, topics=None)["brokers"]
