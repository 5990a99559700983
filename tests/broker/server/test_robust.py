"""Rubbish, floods and broken files: each costs who brought it, and nobody else."""

from __future__ import annotations

import errno
import os
import random
import socket
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cramjam
import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from broker.errors import ErrorCode
from broker.log.directory import DirectoryError
from broker.log.files import RealFile
from broker.server.server import ListenError, bind
from broker.wire import batches, records
from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import compile_decoder, compile_encoder
from broker.wire.output import Output
from tests.broker.server.running import PATIENCE, Program, Running, running

HEAD = struct.Struct(">hhih")


def connect(port: int) -> socket.socket:
    found = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return found


def frame(key: int, version: int, body: bytes, correlation: int = 7) -> bytes:
    flexible = key in APIS and version >= APIS[ApiKey(key)].flexible
    data = HEAD.pack(key, version, correlation, -1) + (b"\0" if flexible else b"") + body
    return struct.pack(">i", len(data)) + data


def encoded(key: ApiKey, version: int, fields: dict[str, Any]) -> bytes:
    from kio.index import load_request_schema

    out = Output()
    compile_encoder(load_request_schema(key, version))(out, fields)
    return frame(key, version, b"".join(out.parts()))


def exactly(found: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        more = found.recv(count - len(data))
        assert more, "the connection was closed"
        data += more
    return data


def receive(found: socket.socket, key: ApiKey, version: int) -> Any:
    from kio.index import load_response_schema

    (size,) = struct.unpack(">i", exactly(found, 4))
    data = exactly(found, size)
    at = 5 if version >= APIS[key].flexible and key is not ApiKey.API_VERSIONS else 4
    return compile_decoder(load_response_schema(key, version))(memoryview(data), at)


def is_closed(found: socket.socket) -> bool:
    try:
        return found.recv(1) == b""
    except ConnectionError:
        return True


def works(broker: Running | Program) -> bool:
    """Whether others are served."""
    with connect(broker.port) as found:
        found.sendall(frame(18, 0, b""))
        return bool(receive(found, ApiKey.API_VERSIONS, 0).error_code == 0)


RUBBISH = {
    "nothing": struct.pack(">i", 0),
    "negative": struct.pack(">i", -5),
    "huge": struct.pack(">i", 0x7FFFFFFF),
    "http": b"GET / HTTP/1.1\r\nHost: here\r\n\r\n",
    "unknown key": frame(999, 0, b""),
    "negative key": frame(-1, 0, b""),
    "unsupported version": frame(3, 99, b""),
    "negative version": frame(18, -1, b"")[:4] + frame(3, -1, b"")[4:],
    "short header": struct.pack(">i", 3) + b"\0\0\0",
    "short body": frame(3, 5, b"\0"),
    "absurd array": frame(3, 1, struct.pack(">i", 0x7FFFFFFF)),
    "absurd client": struct.pack(">i", 10) + HEAD.pack(18, 0, 1, 0x7FFF),
    "endless varint": frame(3, 9, b"\xff" * 20),
    "no utf-8": frame(3, 1, struct.pack(">ih", 1, 2) + b"\xff\xfe"),
    "records that are null": frame(
        0,
        3,
        struct.pack(">hhii", -1, 1, 1000, 1)
        + struct.pack(">h1sii", 1, b"t", 1, 0)
        + struct.pack(">i", -1),
    ),
}


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_closes_its_own_connection(broker: Running, kind: str) -> None:
    with connect(broker.port) as found, connect(broker.port) as other:
        found.sendall(RUBBISH[kind])
        assert is_closed(found)
        other.sendall(frame(18, 0, b""))
        assert receive(other, ApiKey.API_VERSIONS, 0).error_code == 0


def test_flipped_bits_never_stop_the_broker(broker: Running) -> None:
    draw = random.Random(5)
    whole = [
        encoded(ApiKey.METADATA, 9, {"topics": [{"name": "t"}]}),
        encoded(ApiKey.FETCH, 12, {"max_wait": 0, "topics": [{"topic": "t", "partitions": [{}]}]}),
        encoded(ApiKey.OFFSET_COMMIT, 8, {"group_id": "g", "member_id": "", "topics": []}),
        encoded(ApiKey.JOIN_GROUP, 5, {"group_id": "g", "protocols": [{"name": "r"}]}),
        encoded(ApiKey.LIST_OFFSETS, 7, {"topics": [{"name": "t", "partitions": [{}]}]}),
    ]
    for _ in range(120):
        data = bytearray(draw.choice(whole))
        for _ in range(draw.randrange(1, 4)):
            data[draw.randrange(4, len(data))] ^= 1 << draw.randrange(8)
        with connect(broker.port) as found:
            found.sendall(data)
    assert works(broker)


def test_an_unknown_version_of_api_versions_is_answered_in_version_0(broker: Running) -> None:
    with connect(broker.port) as found:
        found.sendall(frame(18, 77, b"whatever"))
        answer = receive(found, ApiKey.API_VERSIONS, 0)
        assert answer.error_code == ErrorCode.UNSUPPORTED_VERSION
        [api] = answer.api_keys
        assert (api.api_key, api.min_version, api.max_version) == (18, 0, 4)
        found.sendall(frame(18, 0, b""))
        told = receive(found, ApiKey.API_VERSIONS, 0).api_keys
        assert {each.api_key for each in told} == {
            int(key) for key in broker.server.broker.handlers
        }
        assert next(each for each in told if each.api_key == 0).min_version == 0


def test_half_a_frame_costs_what_came_of_it(broker: Running) -> None:
    """A length of 100 MiB is believed as far as bytes follow it."""
    with connect(broker.port) as found:
        found.sendall(struct.pack(">i", 100 << 20) + bytes(1000))
        assert works(broker)
        sizes = broker.call(lambda: [len(each._buffer) for each in broker.server.connections])
        assert max(sizes) < 1 << 20


def test_frames_in_one_piece_and_byte_by_byte(broker: Running) -> None:
    with connect(broker.port) as found:
        found.sendall(b"".join(frame(18, 0, b"", number) for number in range(100)))
        for number in range(100):
            (size,) = struct.unpack(">i", exactly(found, 4))
            assert struct.unpack_from(">i", exactly(found, size))[0] == number
        for byte in frame(18, 0, b""):
            found.sendall(bytes([byte]))
        assert receive(found, ApiKey.API_VERSIONS, 0).error_code == 0


def produced(broker: Running, batch: bytes | bytearray, topic: str = "raw") -> int:
    """The error of a batch that is produced."""
    data = {"index": 0, "records": bytes(batch)}
    fields = {
        "acks": -1,
        "timeout": 1000,
        "topic_data": [{"name": topic, "partition_data": [data]}],
    }
    with connect(broker.port) as found:
        found.sendall(
            encoded(
                ApiKey.METADATA, 4, {"topics": [{"name": topic}], "allow_auto_topic_creation": True}
            )
        )
        receive(found, ApiKey.METADATA, 4)
        found.sendall(encoded(ApiKey.PRODUCE, 9, fields))
        answer = receive(found, ApiKey.PRODUCE, 9)
        return int(answer.responses[0].partition_responses[0].error_code)


def test_batches_that_are_none(broker: Running) -> None:
    good = records.build([(b"k", b"v")], 1000)
    assert produced(broker, good) == 0
    assert produced(broker, b"") == ErrorCode.INVALID_RECORD
    assert produced(broker, bytes(200)) == ErrorCode.CORRUPT_MESSAGE
    assert produced(broker, good[:-3]) == ErrorCode.INVALID_RECORD
    good[-1] ^= 1
    assert produced(broker, good) == ErrorCode.CORRUPT_MESSAGE
    assert produced(broker, records.build([(None, bytes(1_100_000))], 1000)) == (
        ErrorCode.MESSAGE_TOO_LARGE
    )
    assert produced(broker, records.build([(None, b"")], 1 << 60)) == ErrorCode.INVALID_TIMESTAMP


def test_a_bomb_in_a_compacted_topic_is_refused(broker: Running) -> None:
    """Only there is a batch looked into."""
    broker.call(lambda: broker.server.broker.create_topic("c", 1, {"cleanup.policy": "compact"}))
    header = batches.read_header(records.build([(b"k", b"v")], 1000))
    bomb = bytes(cramjam.zstd.compress(bytes(200 << 20)))
    assert len(bomb) < 100_000
    packed = records.seal(header._replace(attributes=batches.Codec.ZSTD), bomb)
    assert produced(broker, packed, "c") == ErrorCode.CORRUPT_MESSAGE
    assert produced(broker, packed, "d") == 0
    assert produced(broker, records.build([(None, b"v")], 1), "c") == ErrorCode.INVALID_RECORD
    assert works(broker)


def test_a_client_that_does_not_read_is_not_answered_further(broker: Running) -> None:
    assert produced(broker, records.build([(None, bytes(900_000))], 1000), "big") == 0
    want = {
        "max_wait": 0,
        "min_bytes": 1,
        "max_bytes": 10 << 20,
        "topics": [
            {"topic": "big", "partitions": [{"partition": 0, "partition_max_bytes": 10 << 20}]}
        ],
    }
    ask = encoded(ApiKey.FETCH, 4, want)
    with connect(broker.port) as found:
        found.setblocking(False)
        sent = 0
        try:
            while sent < 500:
                sent += found.send(ask) // len(ask)
        except BlockingIOError:
            pass
        assert works(broker)

        def unsent() -> int:
            return max(
                each._transport.get_write_buffer_size()
                for each in broker.server.connections
                if each._transport is not None
            )

        assert broker.call(unsent) < 4 << 20
        found.setblocking(True)
        found.settimeout(PATIENCE)
        for _ in range(min(sent, 10)):
            [topic] = receive(found, ApiKey.FETCH, 4).responses
            assert len(topic.partitions[0].records) > 900_000


def test_large_requests_take_turns_where_memory_is_short(tmp_path: Path) -> None:
    batch = bytes(records.build([(None, bytes(150_000))], 1000))
    data = {"index": 0, "records": batch}
    fields = {
        "acks": -1,
        "timeout": 1000,
        "topic_data": [{"name": "turns", "partition_data": [data]}],
    }
    whole = encoded(ApiKey.PRODUCE, 9, fields)
    with running(tmp_path, queued_max_request_bytes="200000") as broker:
        broker.call(lambda: broker.server.broker.create_topic("turns", 1, {}))
        with connect(broker.port) as first, connect(broker.port) as second:
            first.sendall(whole[:140_000])
            until(lambda: broker.call(lambda: broker.server.buffers.lent) > 100_000)
            second.sendall(whole)
            until(lambda: broker.call(lambda: len(broker.server.buffers._waiting)) == 1)
            assert works(broker)
            first.sendall(whole[140_000:])
            for found in (first, second):
                [topic] = receive(found, ApiKey.PRODUCE, 9).responses
                assert topic.partition_responses[0].error_code == 0
        until(lambda: broker.call(lambda: broker.server.buffers.lent) == 0)


def until(true: Callable[[], Any]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.01)


def test_too_many_connections(tmp_path: Path) -> None:
    with running(tmp_path, max_connections="2") as broker:
        first, second = connect(broker.port), connect(broker.port)
        with first, second:
            for found in (first, second):
                found.sendall(frame(18, 0, b""))
                receive(found, ApiKey.API_VERSIONS, 0)
            with connect(broker.port) as third:
                assert is_closed(third)
            first.sendall(frame(18, 0, b""))
            receive(first, ApiKey.API_VERSIONS, 0)


# The disk -------------------------------------------------------------------------------------


def test_a_full_disk_is_told_and_outlived(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(tmp_path) as broker:
        batch = records.build([(b"k", b"v")], 1000)
        assert produced(broker, batch) == 0

        def full(self: RealFile, data: bytes) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(RealFile, "append", full)
            assert produced(broker, batch) == ErrorCode.KAFKA_STORAGE_ERROR
        assert produced(broker, batch) == 0
        consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g"})
        assert consumer.get_watermark_offsets(TopicPartition("raw", 0), PATIENCE) == (0, 2)
        consumer.close()


def test_partitions_are_refused_before_files_run_out(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        catalog = broker.server.broker.catalog
        catalog.most_files = 30

        def made(name: str, count: int) -> int:
            topic = {"name": name, "num_partitions": count, "replication_factor": 1}
            with connect(broker.port) as found:
                found.sendall(encoded(ApiKey.CREATE_TOPICS, 7, {"topics": [topic]}))
                return int(receive(found, ApiKey.CREATE_TOPICS, 7).topics[0].error_code)

        assert made("a", 11) == ErrorCode.POLICY_VIOLATION
        assert made("a", 6) == 0
        assert made("b", 5) == ErrorCode.POLICY_VIOLATION
        assert made("b", 4) == 0
        assert works(broker)


def test_a_topic_that_could_not_be_made_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as broker:
        kept = broker.server.broker
        broker.call(lambda: kept.create_topic("old", 2, {}))
        real = kept.directory.open

        def full(topic: str, index: int, *more: Any) -> Any:
            if index == 3:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return real(topic, index, *more)

        with monkeypatch.context() as patch:
            patch.setattr(kept.directory, "open", full)
            for attempt in (
                lambda: kept.create_topic("new", 5, {}),
                lambda: kept.catalog.add_partitions("old", 5),
            ):
                with pytest.raises(OSError, match="No space left"):
                    broker.call(attempt)
        assert sorted(kept.catalog.topics) == ["old"]
        assert len(kept.catalog.topics["old"].partitions) == 2
        folders = {path.name for path in tmp_path.iterdir() if path.is_dir()}
        assert folders == {"old-0", "old-1"}
        broker.call(lambda: kept.create_topic("new", 5, {}))


def test_damaged_checkpoints_lose_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        producer = Producer({"bootstrap.servers": broker.bootstrap})
        for number in range(100):
            producer.produce("t", b"%d" % number, partition=0)
        assert producer.flush(PATIENCE) == 0
    for name in ("recovery-point-offset-checkpoint", "t-0/leader-epoch-checkpoint"):
        assert (tmp_path / name).exists()
        (tmp_path / name).write_bytes(b"\xff\x00rubbish")
    with running(tmp_path) as broker:
        consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": "g"})
        assert consumer.get_watermark_offsets(TopicPartition("t", 0), PATIENCE) == (0, 100)
        consumer.close()


def test_directories_that_cannot_be_used(tmp_path: Path) -> None:
    def refused(path: Path) -> str:
        with pytest.raises(DirectoryError) as found:
            Running(path, {}).start()
        return str(found.value)

    with running(tmp_path / "mine"):
        assert "in use by another" in refused(tmp_path / "mine")
    for name in ("meta.properties", "topics.json"):
        newer = tmp_path / name.partition(".")[0]
        with running(newer):
            pass
        path = newer / name
        text = path.read_text() if path.exists() else '{"version": 1, "topics": {}}'
        path.write_text(text.replace("version=1", "version=9").replace('on": 1', 'on": 9'))
        assert "is of version 9" in refused(newer)
    file = tmp_path / "file"
    file.write_text("")
    assert "cannot be used" in refused(file)


def test_a_port_that_is_taken(broker: Running, tmp_path: Path) -> None:
    with pytest.raises(ListenError, match="choose another --listen"):
        bind("127.0.0.1", broker.port)
    second = Program(tmp_path, "--listen", broker.bootstrap)
    assert second.wait() == 2
    assert "Address already in use" in second.said
    assert len(second.said.strip().splitlines()) == 1


def test_a_setting_that_is_none(tmp_path: Path) -> None:
    program = Program(tmp_path, "--set", "num.partitons=3")
    assert program.wait() == 2
    assert "did you mean num.partitions?" in program.said
    assert len(program.said.strip().splitlines()) == 1


def test_a_log_that_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    with running(tmp_path) as broker:
        broker.call(lambda: broker.server.broker.create_topic("t", 1, {}))
    path = tmp_path / "t-0" / "00000000000000000000.index"
    path.unlink(missing_ok=True)
    path.mkdir()
    program = Program(tmp_path)
    assert program.wait() == 2
    assert f"{path} cannot be used: Is a directory" in program.said
    assert [" INFO " in line for line in program.said.splitlines()] == [True, False]
