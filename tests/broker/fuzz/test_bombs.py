"""A few bytes that become many, where the broker looks into them: one request looks into so much.

Batches are looked into in compacted topics, where records are too old or too new, where a topic has
a codec of its own, and when offsets are asked for by time.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.log import log as logs
from broker.wire import records
from broker.wire.apis import ApiKey
from broker.wire.batches import Codec, read_header
from tests.broker.fuzz import batches
from tests.broker.raw import RawClient
from tests.broker.server.running import Running, running

TOPICS = {"c": {"cleanup.policy": "compact"}, "d": {}, "z": {"compression.type": "zstd"}}
PARTS = 12
NOW = int(time.time() * 1000)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("data")) as found:
        for name, configs in TOPICS.items():
            found.call(
                lambda name=name, configs=configs: found.server.broker.create_topic(
                    name, PARTS, configs
                )
            )
        yield found


def produced(broker: Running, topic: str, *sent: bytes) -> list[ErrorCode]:
    """What became of each batch, of which each goes to another partition of a topic."""
    parts = [{"index": at, "records": each} for at, each in enumerate(sent)]
    with RawClient(broker.port) as client:
        fields = {"name": topic, "partition_data": parts}
        answer = client.answer_to(ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=[fields])
    [found] = answer["responses"]
    return [ErrorCode(part["error_code"]) for part in found["partition_responses"]]


@cache
def of(count: int, size: int, codec: Codec = Codec.ZSTD, now: int = NOW) -> bytes:
    """A batch of so many records of one key, with values of so many zeros."""
    body = bytearray()
    for at in range(count):
        offset = bytearray()
        records.write_zigzag(offset, at)
        length = bytearray()
        records.write_zigzag(length, size)
        rest = b"\0\0" + offset + b"\2k" + length + bytes(size) + b"\0"
        records.write_zigzag(body, len(rest))
        body += rest
    header = read_header(records.build([(b"k", b"v")], now))
    changed = header._replace(attributes=int(codec), records=count, last_offset_delta=count - 1)
    return bytes(records.seal(changed, batches.COMPRESS[codec](bytes(body))))


@pytest.mark.parametrize("codec", list(Codec)[1:])
def test_no_codec_s_bomb_is_unpacked(broker: Running, codec: Codec) -> None:
    bomb = batches.bomb(codec, 100 << 20)
    log = broker.server.broker.catalog.partition("c", 0).log
    before = broker.call(lambda: log.end_offset)
    too_large = len(bomb) > log.settings.max_message_bytes
    error = ErrorCode.MESSAGE_TOO_LARGE if too_large else ErrorCode.CORRUPT_MESSAGE
    assert produced(broker, "c", bomb) == [error]
    assert broker.call(lambda: log.end_offset) == before


def test_what_is_looked_into_for_a_request_has_a_limit(broker: Running) -> None:
    """Each is fine by itself; what is too much together is to be sent again."""
    large = of(3, 10 << 20)
    assert len(large) < 10_000
    for topic, sent in (("c", large), ("z", of(3, 10 << 20, Codec.GZIP))):
        error = produced(broker, topic, *[sent] * PARTS)
        assert error == [ErrorCode.NONE] * 2 + [ErrorCode.REQUEST_TIMED_OUT] * (PARTS - 2)
        assert produced(broker, topic, sent) == [ErrorCode.NONE]
    assert produced(broker, "d", *[large] * PARTS) == [ErrorCode.NONE] * PARTS


def test_records_that_are_looked_at_have_a_limit(broker: Running) -> None:
    many, some = of(records.MOST_RECORDS + 1, 0), of(20_000, 0)
    assert produced(broker, "c", many) == [ErrorCode.CORRUPT_MESSAGE]
    assert produced(broker, "d", many) == [ErrorCode.NONE]
    late = [ErrorCode.REQUEST_TIMED_OUT] * (PARTS - 10)
    assert produced(broker, "c", *[some] * PARTS) == [ErrorCode.NONE] * 10 + late
    future = of(records.MOST_RECORDS + 1, 0, now=NOW + 10**9)
    assert produced(broker, "d", future) == [ErrorCode.CORRUPT_MESSAGE]


def test_a_record_that_claims_another_s_offset_is_refused(broker: Running) -> None:
    """Compaction would take it for the newest of its key, and drop what comes after."""
    plain = read_header(records.build([(b"k", b"v")], NOW))
    lie = records.seal(plain, records.encode_record(0, 1 << 40, b"k", b"v"))
    assert produced(broker, "c", bytes(lie)) == [ErrorCode.CORRUPT_MESSAGE]


def asked(broker: Running, topic: str, timestamp: int, *indexes: int) -> list[tuple[int, int]]:
    """The error and the offset of the first record that is no older, by partition."""
    parts = [{"partition_index": index, "timestamp": timestamp} for index in indexes]
    with RawClient(broker.port) as client:
        answer = client.answer_to(
            ApiKey.LIST_OFFSETS, 5, topics=[{"name": topic, "partitions": parts}]
        )
    return [(part["error_code"], part["offset"]) for part in answer["topics"][0]["partitions"]]


def test_offsets_by_time_look_into_no_more_either(broker: Running) -> None:
    name = "times"
    broker.call(lambda: broker.server.broker.create_topic(name, PARTS, {}))
    assert produced(broker, name, *[of(3, 10 << 20)] * 2) == [ErrorCode.NONE] * 2
    found = asked(broker, name, NOW, *[0] * 5)
    assert found == [(0, 0), (0, 0), *[(ErrorCode.REQUEST_TIMED_OUT, -1)] * 3]
    # Of what is too large by itself, the beginning is told: whoever seeks reads a little more.
    assert produced(broker, name, of(2, 0), of(1, 0), of(records.MOST_RECORDS + 1, 0)) == [0] * 3
    assert asked(broker, name, NOW, 2) == [(0, 0)]


def test_a_batch_has_as_many_records_as_it_has_room_for(broker: Running) -> None:
    """One that claimed billions would use up the offsets of a segment, and then of the log."""
    log = broker.server.broker.catalog.partition("d", 11).log

    def sent(claimed: int, codec: Codec = Codec.NONE) -> ErrorCode:
        claims = {"records": claimed, "last_offset_delta": claimed - 1}
        part = {"index": 11, "records": batches.batch(codec, 2, key=None, value=b"", **claims)}
        fields = {"name": "d", "partition_data": [part]}
        with RawClient(broker.port) as client:
            answer = client.answer_to(ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=[fields])
        return ErrorCode(answer["responses"][0]["partition_responses"][0]["error_code"])

    before = broker.call(lambda: log.end_offset)
    assert sent(3) == ErrorCode.INVALID_RECORD
    assert sent((1 << 31) - 1) == ErrorCode.INVALID_RECORD
    assert sent((1 << 31) - 1, Codec.ZSTD) == ErrorCode.INVALID_RECORD
    assert sent(2) == ErrorCode.NONE
    assert broker.call(lambda: log.end_offset) == before + 2


def test_times_roll_so_many_segments(broker: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are the producers', and may be a week apart from one batch to the next."""
    monkeypatch.setattr(logs, "MOST_BY_TIME", 4)
    broker.call(lambda: broker.server.broker.create_topic("weeks", 1, {}))
    week = 8 * 86_400_000
    for number in range(8):
        one = batches.batch(count=1, now=number * week)
        assert produced(broker, "weeks", one) == [ErrorCode.NONE]
    assert len(broker.server.broker.catalog.partition("weeks", 0).log.segments) == 4
