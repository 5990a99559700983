"""What comes over a connection, in which pieces, and how it ends."""

from __future__ import annotations

import random
import socket
import struct
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.wire.apis import APIS, ApiKey
from tests.broker.fuzz import batches
from tests.broker.fuzz.frames import Frames, framed
from tests.broker.fuzz.talking import closed, connected, joining, served, until
from tests.broker.raw import RawClient
from tests.broker.server.running import Running, running

VERSIONS = struct.pack(">hhih", ApiKey.API_VERSIONS, 0, 1, -1)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running(tmp_path_factory.mktemp("data"), group_max_size="1") as found:
        found.call(lambda: found.server.broker.create_topic("t", 1, {}))
        yield found


def answer(found: socket.socket) -> bytes:
    (size,) = struct.unpack(">i", found.recv(4, socket.MSG_WAITALL))
    return found.recv(size, socket.MSG_WAITALL)


def produce(records: bytes) -> bytes:
    """A request to produce them."""
    head = struct.pack(">hhih", ApiKey.PRODUCE, 3, 9, -1)
    topic = struct.pack(">hhiih1siii", -1, -1, 1000, 1, 1, b"t", 1, 0, len(records))
    return framed(head + topic + records)


def test_a_client_that_goes_at_any_byte(broker: Running) -> None:
    """Nothing is appended of half a request; of a whole one everything is."""
    frame, log = produce(batches.batch()), broker.server.broker.catalog.partition("t", 0).log
    before = broker.call(lambda: log.end_offset)
    for end in range(len(frame)):
        with connected(broker) as found:
            found.sendall(frame[:end])
            if end % 2:
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: not broker.call(lambda: len(broker.server.connections)))
    assert broker.call(lambda: log.end_offset) == before
    with connected(broker) as found:
        found.sendall(frame)
        assert answer(found)[:4] == struct.pack(">i", 9)
    assert broker.call(lambda: log.end_offset) == before + 3


@pytest.mark.parametrize("reset", [False, True])
def test_a_client_that_goes_while_nothing_is_read_from_it(broker: Running, reset: bool) -> None:
    """A request waits, what stands behind it fills the buffer: the end is noticed all the same."""
    head = struct.pack(">hhih", ApiKey.FETCH, 4, 1, -1)
    body = struct.pack(">iiiibi", -1, 600_000, 1, 1000, 0, 1)
    topic = struct.pack(">h1siiqi", 1, b"t", 1, 0, 1 << 20, 1000)
    log = broker.server.broker.catalog.partition("t", 0).log
    end = struct.pack(">q", broker.call(lambda: log.end_offset))
    topic = topic[:-12] + end + topic[-4:]
    with connected(broker) as found:
        found.sendall(framed(head + body + topic) + framed(VERSIONS) * 2000)
        until(lambda: broker.call(lambda: any(each._full for each in broker.server.connections)))
        if reset:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    until(lambda: not broker.call(lambda: len(broker.server.connections)))
    until(lambda: not broker.call(lambda: len(broker.server.broker.purgatory)))


def test_what_is_good_is_answered_before_what_is_bad_closes(broker: Running) -> None:
    with connected(broker) as found:
        found.sendall(framed(VERSIONS) * 3 + framed(b"\x7f" * 9) + framed(VERSIONS))
        for _ in range(3):
            assert answer(found)[:4] == struct.pack(">i", 1)
        assert closed(found)


@pytest.mark.parametrize("seed", range(3))
def test_a_request_in_any_pieces_is_one(broker: Running, seed: int) -> None:
    draw = random.Random(seed)
    data = framed(VERSIONS) * 40
    with connected(broker) as found:
        found.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while data:
            size = draw.choice((1, 2, 3, 13, 14, 40))
            found.sendall(data[:size])
            data = data[size:]
        answers = {answer(found) for _ in range(40)}
    assert len(answers) == 1


def test_a_sound_request_of_every_kind_is_no_rubbish(broker: Running) -> None:
    """Each is answered, or waits: none closes the connection, but for one without records."""
    apis = [APIS[key] for key in broker.server.broker.handlers]
    for api in apis:
        frames = Frames(random.Random(1), apis=[api])
        with connected(broker) as found:
            found.settimeout(0.3)
            found.sendall(framed(frames.sound()))
            try:
                assert found.recv(1) or api.key is ApiKey.PRODUCE, api
            except TimeoutError:
                assert api.key in {ApiKey.FETCH, ApiKey.JOIN_GROUP, ApiKey.PRODUCE}, api
    assert served(broker)


# What a group may be asked --------------------------------------------------------------------


def test_a_group_that_is_full_is_as_it_was(broker: Running) -> None:
    with RawClient(broker.port) as first, RawClient(broker.port) as second:
        first.answer_to(ApiKey.FIND_COORDINATOR, 1, key="a", key_type=0)
        joining(first, "full", 10)
        member = first.answer()
        assert member["error_code"] == ErrorCode.NONE
        joining(second, "full", 10)
        assert second.answer()["error_code"] == ErrorCode.GROUP_MAX_SIZE_REACHED
        beats = {"group_id": "full", "generation_id": 1, "member_id": member["member_id"]}
        assert first.answer_to(ApiKey.HEARTBEAT, 1, **beats)["error_code"] == ErrorCode.NONE


def test_names_and_what_is_committed_have_a_length(broker: Running) -> None:
    def committed(group: str, metadata: str) -> int:
        part = {"partition_index": 0, "committed_offset": 1, "committed_metadata": metadata}
        topics = [{"name": "t", "partitions": [part]}]
        with RawClient(broker.port) as client:
            client.answer_to(ApiKey.FIND_COORDINATOR, 1, key="a", key_type=0)
            found = client.answer_to(ApiKey.OFFSET_COMMIT, 7, group_id=group, topics=topics)
        error: int = found["topics"][0]["partitions"][0]["error_code"]
        return error

    assert committed("g", "x" * 4096) == ErrorCode.NONE
    assert committed("g", "x" * 4097) == ErrorCode.OFFSET_METADATA_TOO_LARGE
    assert committed("g" * 16_000, "") == ErrorCode.NONE
    assert committed("g" * 16_001, "") == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize(
    ("expression", "error"),
    [
        ("(a*)*b", ErrorCode.NONE),
        ("(((a|aa)*)*)*c", ErrorCode.NONE),
        ("(a{1000}){1000}", ErrorCode.INVALID_REGULAR_EXPRESSION),
        ("(" * 5000 + ")" * 5000, ErrorCode.INVALID_REGULAR_EXPRESSION),
        ("a(?=b)", ErrorCode.INVALID_REGULAR_EXPRESSION),
    ],
)
def test_expressions_that_are_slow_elsewhere(
    tmp_path: Path, expression: str, error: ErrorCode
) -> None:
    """Each would keep a matcher that goes back busy for ever."""
    with running(tmp_path) as broker:
        broker.call(lambda: broker.server.broker.create_topic("a" * 200, 1, {}))
        with RawClient(broker.port) as client:
            client.answer_to(ApiKey.FIND_COORDINATOR, 1, key="a", key_type=0)
            found = client.answer_to(
                ApiKey.CONSUMER_GROUP_HEARTBEAT,
                1,
                group_id="g",
                member_id="m",
                member_epoch=0,
                rebalance_timeout=1000,
                subscribed_topic_regex=expression,
                topic_partitions=[],
            )
        assert found["error_code"] == error
