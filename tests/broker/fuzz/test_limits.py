"""Each limit holds, and whoever reaches it is alone: the others are served as before."""

from __future__ import annotations

import resource
import socket
import struct
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ErrorCode, Refused
from broker.groups import room
from broker.log import producers
from broker.log.producers import ProducerStates
from broker.server import connection as connections
from broker.server import server as servers
from broker.server import sessions
from broker.wire import records
from broker.wire.apis import ApiKey
from broker.wire.batches import read_header
from tests.broker.fuzz import batches
from tests.broker.fuzz.frames import framed
from tests.broker.fuzz.talking import closed, connected, joining, served, until
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Running, running

TOPICS = [{"topic": "t", "partitions": [{"partition": 0, "partition_max_bytes": 50 << 20}]}]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Running]:
    with running(tmp_path) as found:
        found.call(lambda: found.server.broker.create_topic("t", 1, {}))
        yield found


def filled(broker: Running, size: int) -> None:
    """Let the topic hold so many bytes, in batches of half a megabyte."""
    whole = batches.batch(count=1, value=bytes(500_000))
    partition = broker.server.broker.catalog.partition("t", 0)

    def put() -> None:
        for _ in range(size // len(whole)):
            data = memoryview(bytearray(whole))
            partition.append(data, read_header(data), 1000)

    broker.call(put)


# What waits -----------------------------------------------------------------------------------


def test_a_fetch_that_waits_keeps_nothing_of_what_it_has_read(broker: Running) -> None:
    filled(broker, 4 << 20)
    want = {"max_wait": 60_000, "min_bytes": 40 << 20, "max_bytes": 50 << 20, "topics": TOPICS}
    purgatory = broker.server.broker.purgatory
    with RawClient(broker.port) as client:
        client.send(ApiKey.FETCH, 4, **want)
        until(lambda: broker.call(lambda: len(purgatory)) == 1)
        [waiting] = broker.call(lambda: list(purgatory._keys))
        assert waiting.size > 3 << 20
        assert waiting.found == {}
        broker.call(lambda: broker.server.broker.appended(waiting._partition(("t", 0)), 40 << 20))
        [topic] = client.answer()["responses"]
        assert len(topic["partitions"][0]["records"]) > 3 << 20


def test_no_fetch_waits_for_more_than_it_would_be_given(broker: Running) -> None:
    filled(broker, 1 << 20)
    with RawClient(broker.port) as client:
        want = {"max_wait": 60_000, "min_bytes": 1 << 30, "max_bytes": 1 << 19, "topics": TOPICS}
        assert client.answer_to(ApiKey.FETCH, 4, **want)["responses"]


def test_requests_that_wait_have_so_much_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "MOST_WAITING", 250_000)
    with running(tmp_path, group_initial_rebalance_delay_ms="60000") as broker:
        with RawClient(broker.port) as other:
            other.answer_to(ApiKey.FIND_COORDINATOR, 1, key="a", key_type=0)
            clients = [RawClient(broker.port) for _ in range(3)]
            for at, client in enumerate(clients[:2]):
                joining(client, f"g{at}", 100_000)
            until(lambda: broker.call(lambda: broker.server.load.waiting) > 200_000)
            joining(clients[2], "g2", 100_000)
            with pytest.raises(ConnectionError):
                clients[2].answer()
            assert other.answer_to(ApiKey.METADATA, 4, topics=[])["brokers"]
            for client in clients:
                client.__exit__(None, None, None)
        until(lambda: broker.call(lambda: broker.server.load.waiting) == 0)


# What is not read -----------------------------------------------------------------------------


def more_unsent(broker: Running, most: int) -> bool:
    return bool(broker.call(lambda: broker.server.load.unsent) > most)


def test_answers_that_nobody_reads_have_so_much_room(
    broker: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has not read for longest makes room; who reads has its answer."""
    filled(broker, 30 << 20)
    want = {"max_wait": 0, "min_bytes": 1, "max_bytes": 25 << 20, "topics": TOPICS}
    for module in (connections, servers):
        monkeypatch.setattr(module, "MOST_UNSENT", 40 << 20)
    slow = [RawClient(broker.port) for _ in range(3)]
    for number, client in enumerate(slow):
        client.send(ApiKey.FETCH, 4, **want)
        most = min(number, 1) * (15 << 20)
        until(partial(more_unsent, broker, most))
    until(lambda: broker.call(lambda: broker.server.load.unsent) <= 40 << 20)
    assert served(broker)
    assert slow[-1].answer()["responses"]
    with pytest.raises(ConnectionError):
        slow[0].answer()
    for client in slow:
        client.__exit__(None, None, None)
    until(lambda: broker.call(lambda: broker.server.load.unsent) == 0)


# Frames ---------------------------------------------------------------------------------------


def test_only_records_are_a_reason_for_a_large_frame(broker: Running) -> None:
    size = struct.pack(">i", 17 << 20)
    with connected(broker) as metadata, connected(broker) as produce:
        metadata.sendall(size + struct.pack(">h", ApiKey.METADATA))
        assert closed(metadata)
        produce.sendall(size + struct.pack(">h", ApiKey.PRODUCE))
        assert served(broker)
        produce.settimeout(0.2)
        with pytest.raises(TimeoutError):
            produce.recv(1)


@pytest.mark.parametrize("drip", [False, True])
def test_half_a_frame_is_waited_for_as_long_as_a_client_may_be_idle(
    tmp_path: Path, drip: bool
) -> None:
    """Also where a byte comes now and then."""
    with running(tmp_path, connections_max_idle_ms="400") as broker, connected(broker) as found:
        found.sendall(struct.pack(">i", 1000))
        began = time.monotonic()
        found.settimeout(0.05)
        while time.monotonic() < began + PATIENCE:
            try:
                if drip:
                    found.sendall(b"\0")
                if found.recv(1) == b"":
                    break
            except TimeoutError:
                assert served(broker)
            except ConnectionError:
                break
        assert time.monotonic() < began + PATIENCE
        until(lambda: not broker.call(lambda: len(broker.server.connections)))


@pytest.mark.parametrize(("turn", "least", "most"), [(1000.0, 100, 1000), (0.0, 1, 1)])
def test_many_requests_of_one_client_let_others_have_their_turn(
    broker: Running, monkeypatch: pytest.MonkeyPatch, turn: float, least: int, most: int
) -> None:
    """As many are handled in one go as a turn has time for, and all in the end."""
    in_one_go = [0]
    go_on, handle = connections.Connection._go_on, connections.Connection._handle

    def counted(self: Any) -> None:
        in_one_go.append(0)
        go_on(self)

    def noted(self: Any, frame: memoryview) -> None:
        in_one_go[-1] += 1
        handle(self, frame)

    monkeypatch.setattr(connections, "TURN", turn)
    monkeypatch.setattr(connections.Connection, "_go_on", counted)
    monkeypatch.setattr(connections.Connection, "_handle", noted)
    body = struct.pack(">hhih", ApiKey.API_VERSIONS, 0, 1, -1)
    with connected(broker) as many:
        many.sendall(framed(body) * 1000)
        for _ in range(1000):
            (size,) = struct.unpack(">i", _exactly(many, 4))
            _exactly(many, size)
    assert sum(in_one_go) == 1000
    assert least <= max(in_one_go) <= most


def _exactly(found: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        data += found.recv(count - len(data))
    return data


# Connections ----------------------------------------------------------------------------------


@pytest.mark.parametrize("attempts", [300, pytest.param(10_000, marks=pytest.mark.slow)])
def test_connections_beyond_the_limit_are_closed(tmp_path: Path, attempts: int) -> None:
    with running(tmp_path, max_connections="20", max_connections_per_ip="15") as broker:
        first = RawClient(broker.port)
        with first:
            assert first.answer_to(ApiKey.METADATA, 4, topics=[])["brokers"]
            kept = [
                socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE)
                for _ in range(14)
            ]
            until(lambda: broker.call(lambda: len(broker.server.connections)) == 15)
            for _ in range(attempts):
                with connected(broker) as refused:
                    refused.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                    assert closed(refused)
            assert broker.call(lambda: len(broker.server.connections)) == 15
            assert first.answer_to(ApiKey.METADATA, 4, topics=[])["brokers"]
            for found in kept:
                found.close()
        until(lambda: not broker.call(lambda: len(broker.server.connections)))
        assert served(broker)


def test_connections_leave_files_for_logs(broker: Running) -> None:
    """No client can have so many that a log finds none to open."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed != resource.RLIM_INFINITY:
        most = broker.server.most_connections
        assert most + broker.server.broker.catalog.most_files + 1 <= allowed
    broker.server.most_connections = 2
    with connected(broker), connected(broker):
        until(lambda: broker.call(lambda: len(broker.server.connections)) == 2)
        with connected(broker) as third:
            assert closed(third)
    until(lambda: not broker.call(lambda: len(broker.server.connections)))
    assert served(broker)


# What is remembered ---------------------------------------------------------------------------


def test_a_log_knows_so_many_producers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who was silent for longest is forgotten, but for those in a transaction."""
    monkeypatch.setattr(producers, "MOST", 3)
    states = ProducerStates()

    def append(producer: int, attributes: int = 0, sequence: int = 0) -> None:
        sent = records.build(
            [(b"k", b"v")],
            1000,
            attributes=attributes,
            producer_id=producer,
            producer_epoch=0,
            base_sequence=sequence,
        )
        states.appended(read_header(sent))

    append(1, attributes=0x10)
    for number in (2, 3, 4):
        append(number)
    append(2, sequence=1)
    append(5)
    assert list(states.producers) == [1, 4, 2, 5]
    again = read_header(records.build([(None, b"")], 1000, producer_id=3, base_sequence=9))
    assert states.check(again) is None
    states.ended(read_header(records.marker(1, 0, commit=True, coordinator_epoch=0, now=1)), 0)
    assert list(states.producers) == [2, 5, 1]


def test_all_members_together_have_so_much_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those whose connection is gone, until their session is over."""
    monkeypatch.setattr(room, "MOST", 250_000)
    monkeypatch.setattr(room, "PAUSE", 0)
    full = ErrorCode.GROUP_MAX_SIZE_REACHED

    with running(tmp_path) as broker:

        def joined(group: str, size: int, member: str = "") -> dict[str, Any]:
            with RawClient(broker.port) as client:
                joining(client, group, size, member)
                return client.answer()

        with RawClient(broker.port) as client:
            client.answer_to(ApiKey.FIND_COORDINATOR, 1, key="a", key_type=0)
        first = joined("g0", 100_000)
        assert first["error_code"] == ErrorCode.NONE
        assert joined("g1", 100_000)["error_code"] == ErrorCode.NONE
        assert joined("g2", 100_000)["error_code"] == full
        assert joined("g2", 1_000)["error_code"] == ErrorCode.NONE
        # Who is a member, and has little to say, is never refused.
        monkeypatch.setattr(room, "MOST", 1)
        assert joined("g3", 10)["error_code"] == full
        assert joined("g0", 10, first["member_id"])["error_code"] == ErrorCode.NONE


def test_all_sessions_together_have_room_for_so_many_partitions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who finds none goes on without a session; one of few partitions always has it."""
    monkeypatch.setattr(sessions, "FEW", 2)
    monkeypatch.setattr(sessions, "MOST_TOGETHER", 9)
    held = sessions.Sessions(100, iter(range(1, 100)).__next__)

    def opened(count: int) -> sessions.Session | None:
        named = {("t", index): sessions.Wanted(0, 1) for index in range(count)}
        return held.open(named, by_id=False, now=0)

    assert opened(4) is not None
    assert opened(4) is not None
    assert opened(4) is None
    few = opened(1)
    assert few is not None
    assert held.go_on(few.session_id, 1, 1, by_id=False, now=0) is few
    with pytest.raises(Refused):
        held.go_on(few.session_id, 2, 2, by_id=False, now=0)


def test_one_request_for_metadata_makes_so_many_topics(broker: Running) -> None:
    with RawClient(broker.port) as client:
        names = [{"name": f"n{at}"} for at in range(130)]
        answer = client.answer_to(ApiKey.METADATA, 4, topics=names, allow_auto_topic_creation=True)
        made = [topic["error_code"] for topic in answer["topics"]]
        missing = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        assert made == [ErrorCode.NONE] * 100 + [missing] * 30


def test_one_request_makes_so_many_partitions(broker: Running) -> None:
    def made(*counts: int) -> set[int]:
        topics = [
            {"name": f"n{at}", "num_partitions": count, "replication_factor": 1}
            for at, count in enumerate(counts)
        ]
        with RawClient(broker.port) as client:
            answer = client.answer_to(ApiKey.CREATE_TOPICS, 5, topics=topics, validate_only=True)
        return {topic["error_code"] for topic in answer["topics"]}

    assert made(5000, 5000) == {ErrorCode.NONE}
    assert made(5000, 5001) == {ErrorCode.POLICY_VIOLATION}
    assert made(-2, -3, 9998) == {ErrorCode.INVALID_PARTITIONS, ErrorCode.NONE}


def test_of_two_changes_to_one_topic_neither_is_made(broker: Running) -> None:
    """Each is written down by itself: a hundred thousand of them would be for minutes."""

    def altered(*names: str) -> list[int]:
        configs = [{"name": "retention.ms", "value": "1000", "config_operation": 0}]
        resources = [
            {"resource_type": 2, "resource_name": name, "configs": configs} for name in names
        ]
        with RawClient(broker.port) as client:
            answer = client.answer_to(
                ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, resources=resources, validate_only=False
            )
        return [each["error_code"] for each in answer["responses"]]

    topics = broker.server.broker.catalog.topics
    assert altered("t", "t") == [ErrorCode.INVALID_REQUEST] * 2
    assert not topics["t"].configs
    assert altered("t") == [ErrorCode.NONE]
    assert topics["t"].configs == {"retention.ms": "1000"}
