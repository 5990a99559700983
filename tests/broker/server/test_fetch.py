"""Fetches, request by request: sessions, limits, epochs, and what is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from broker.errors import ErrorCode
from broker.server.handlers.produce import BY_ID
from broker.wire import batches, records
from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.server.running import Running, running


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        yield found


@pytest.fixture
def client(broker: Running) -> Iterator[RawClient]:
    with RawClient(broker.port) as found:
        yield found


def make(broker: Running, topic: str = "t", partitions: int = 1) -> UUID:
    made = broker.call(lambda: broker.server.broker.create_topic(topic, partitions, {}))
    found: UUID = made.topic_id
    return found


def produce(client: RawClient, count: int, index: int = 0, topic: str = "t") -> None:
    batch = bytes(records.build([(None, bytes(100))] * count, 1000))
    data = {"name": topic, "partition_data": [{"index": index, "records": batch}]}
    answer = client.answer_to(ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=[data])
    assert answer["responses"][0]["partition_responses"][0]["error_code"] == 0


def want(offset: int, index: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "partition": index,
        "fetch_offset": offset,
        "partition_max_bytes": 1 << 20,
        "current_leader_epoch": -1,
        **more,
    }


def fetch(client: RawClient, *partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
    topics = [{"topic": "t", "partitions": list(partitions)}] if partitions else []
    fields: dict[str, Any] = {
        "max_wait": 0,
        "min_bytes": 1,
        "max_bytes": 1 << 20,
        "session_epoch": -1,
    }
    return client.answer_to(ApiKey.FETCH, 12, **{**fields, "topics": topics, **more})


def parts(answer: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return {
        each["partition_index"]: each
        for topic in answer["responses"]
        for each in topic["partitions"]
    }


def test_a_session_tells_what_is_news(broker: Running, client: RawClient) -> None:
    make(broker, partitions=3)
    produce(client, 2, 1)
    opened = fetch(client, want(0), want(0, 1), want(0, 2), session_epoch=0)
    session = opened["session_id"]
    assert session > 0
    assert sorted(parts(opened)) == [0, 1, 2]

    def go_on(epoch: int, *partitions: dict[str, Any], **more: Any) -> dict[str, Any]:
        return fetch(client, *partitions, session_id=session, session_epoch=epoch, **more)

    assert sorted(parts(go_on(1, want(2, 1)))) == []
    produce(client, 1, 2)
    news = go_on(2)
    assert sorted(parts(news)) == [2]
    assert parts(news)[2]["high_watermark"] == 1
    assert go_on(2)["error_code"] == ErrorCode.INVALID_FETCH_SESSION_EPOCH
    forgotten = [{"topic": "t", "partitions": [2]}]
    assert sorted(parts(go_on(3, forgotten_topics_data=forgotten))) == []
    assert len(broker.server.broker.sessions) == 1
    assert fetch(client, session_id=session, session_epoch=-1)["session_id"] == 0
    assert len(broker.server.broker.sessions) == 0
    assert go_on(4)["error_code"] == ErrorCode.FETCH_SESSION_ID_NOT_FOUND


def test_sessions_have_room_for_so_many(tmp_path: Path) -> None:
    with (
        running(tmp_path, max_incremental_fetch_session_cache_slots="1") as broker,
        RawClient(broker.port) as client,
    ):
        make(broker)
        assert fetch(client, want(0), session_epoch=0)["session_id"] > 0
        assert fetch(client, want(0), session_epoch=0)["session_id"] == 0


def test_the_first_batch_is_whole_and_the_limits_hold_after_it(
    broker: Running, client: RawClient
) -> None:
    make(broker, partitions=2)
    for _ in range(5):
        produce(client, 10)
    produce(client, 10, 1)
    one = records.build([(None, bytes(100))] * 10, 1000)
    tight = fetch(client, want(13, partition_max_bytes=10), want(0, 1, partition_max_bytes=10))
    found = parts(tight)
    assert len(found[0]["records"]) == len(one)
    assert [header.base_offset for _, header in batches.walk(found[0]["records"])] == [10]
    assert found[1]["records"] == b""
    total = parts(fetch(client, want(0), want(0, 1), max_bytes=3 * len(one)))
    assert len(total[0]["records"]) == 3 * len(one)
    assert total[1]["records"] == b""


def test_outside_the_log_and_unknown(broker: Running, client: RawClient) -> None:
    make(broker)
    produce(client, 3)

    def error(*partitions: dict[str, Any], topic: str = "t") -> int:
        named = [{"topic": topic, "partitions": list(partitions)}]
        [(_, found)] = parts(fetch(client, topics=named)).items()
        assert found["high_watermark"] == (3 if not found["error_code"] else -1)
        return int(found["error_code"])

    assert error(want(3)) == 0
    assert error(want(4)) == ErrorCode.OFFSET_OUT_OF_RANGE
    assert error(want(-1)) == ErrorCode.OFFSET_OUT_OF_RANGE
    assert error(want(0, 1)) == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    assert error(want(0), topic="u") == ErrorCode.UNKNOWN_TOPIC_OR_PARTITION


def test_a_damaged_segment_is_told_and_the_rest_is_served(
    broker: Running, client: RawClient
) -> None:
    make(broker)
    for _ in range(5):
        produce(client, 2)
    log = broker.server.broker.catalog.partition("t", 0).log
    [third] = [found for found in log.active.headers() if found.header.base_offset == 4]
    with log.active.path(".log").open("r+b") as file:
        file.seek(third.position + 8)
        file.write(b"\x7f\xff\xff\xff")

    def read(offset: int) -> tuple[int, list[int]]:
        found = parts(fetch(client, want(offset, partition_max_bytes=1)))[0]
        return found["error_code"], [h.base_offset for _, h in batches.walk(found["records"])]

    assert read(0) == (0, [0])
    assert read(2) == (0, [2])
    assert read(4) == (ErrorCode.CORRUPT_MESSAGE, [])
    produce(client, 1)


def test_topics_are_named_by_their_ids_too(broker: Running, client: RawClient) -> None:
    topic_id = make(broker)
    batch = bytes(records.build([(None, b"v")], 1000))
    data = {"topic_id": topic_id, "partition_data": [{"index": 0, "records": batch}]}
    stray = {**data, "topic_id": UUID(int=5)}
    answer = client.answer_to(ApiKey.PRODUCE, BY_ID, acks=-1, timeout=0, topic_data=[data, stray])
    errors = [each["partition_responses"][0]["error_code"] for each in answer["responses"]]
    assert errors == [0, ErrorCode.UNKNOWN_TOPIC_ID]
    for version in range(13, 19):
        topics = [{"topic_id": each, "partitions": [want(0)]} for each in (topic_id, UUID(int=5))]
        found = client.answer_to(
            ApiKey.FETCH, version, max_wait=0, max_bytes=1 << 20, session_epoch=-1, topics=topics
        )
        good, bad = found["responses"]
        assert good["topic_id"] == topic_id
        assert batches.checked(good["partitions"][0]["records"]).records == 1
        assert bad["partitions"][0]["error_code"] == ErrorCode.UNKNOWN_TOPIC_ID


def test_a_leader_epoch_grows_with_each_start(tmp_path: Path) -> None:
    ends = []
    for start in range(3):
        with running(tmp_path) as broker, RawClient(broker.port) as client:
            if not start:
                make(broker)
            produce(client, 5)
            ends.append(5 * (start + 1))

            def error(epoch: int, client: RawClient = client) -> int:
                answer = fetch(client, want(0, current_leader_epoch=epoch))
                return int(parts(answer)[0]["error_code"])

            assert error(start) == 0
            assert error(start + 1) == ErrorCode.UNKNOWN_LEADER_EPOCH
            if start:
                assert error(start - 1) == ErrorCode.FENCED_LEADER_EPOCH
            for epoch, end in enumerate(ends):
                part = {"partition": 0, "current_leader_epoch": start, "leader_epoch": epoch}
                answer = client.answer_to(
                    ApiKey.OFFSET_FOR_LEADER_EPOCH,
                    4,
                    replica_id=-1,
                    topics=[{"topic": "t", "partitions": [part]}],
                )
                [found] = answer["topics"][0]["partitions"]
                assert (found["leader_epoch"], found["end_offset"]) == (epoch, end)


def test_a_fetch_waits_for_as_much_as_it_wants(broker: Running, client: RawClient) -> None:
    make(broker)
    with RawClient(broker.port) as reader:
        topics = [{"topic": "t", "partitions": [want(0)]}]
        reader.send(
            ApiKey.FETCH,
            12,
            max_wait=30_000,
            min_bytes=500,
            max_bytes=1 << 20,
            session_epoch=-1,
            topics=topics,
        )
        produce(client, 1)
        assert broker.call(lambda: len(broker.server.broker.purgatory)) <= 1
        for _ in range(3):
            produce(client, 2)
        assert len(parts(reader.answer())[0]["records"]) >= 500
    assert broker.call(lambda: len(broker.server.broker.purgatory)) == 0


def test_who_goes_away_is_not_waited_for(broker: Running) -> None:
    make(broker)
    reader = RawClient(broker.port)
    topics = [{"topic": "t", "partitions": [want(0)]}]
    fields: dict[str, Any] = {
        "max_wait": 60_000,
        "min_bytes": 1,
        "max_bytes": 1,
        "session_epoch": -1,
    }
    reader.send(ApiKey.FETCH, 12, **fields, topics=topics)

    def waiting(count: int) -> None:
        while broker.call(lambda: len(broker.server.broker.purgatory)) != count:
            pass

    waiting(1)
    reader.__exit__(None, None, None)
    waiting(0)
