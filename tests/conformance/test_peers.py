"""The brokers that tests and benchmarks share: they serve, they end, and they say what lacks."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import peers
from conformance.peers import Absent, Process, Server, apache, franz, server
from tests.conformance.brokers import started

FAKE = """
import socket, struct, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
print("serving", flush=True)
while True:
    connection, _ = listener.accept()
    with connection:
        asked = connection.recv(4096)
        connection.sendall(struct.pack(">iii", 8, struct.unpack(">i", asked[8:12])[0], 1))
"""


@pytest.fixture
def fake(tmp_path: Path) -> Process:
    """A process that answers one request as a broker does."""
    (port,) = server.free_ports(1)
    command = (sys.executable, "-c", FAKE, str(port))
    return Process("fake", f"127.0.0.1:{port}", command, tmp_path)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_serves_is_killed_and_serves_again(fake: Process) -> None:
    with server.serving(fake):
        first = fake.pid
        assert peers.reachable(fake.bootstrap)
        fake.kill()
        assert gone(first)
        assert not peers.reachable(fake.bootstrap)
        fake.start()
        assert peers.reachable(fake.bootstrap)
        assert fake.last_words() == "serving"
    assert gone(fake.pid)
    assert not peers.reachable(fake.bootstrap)


def test_a_process_that_ends_early_is_told_by_its_last_line(tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import sys; sys.exit('the disk is full')")
    with pytest.raises(RuntimeError, match="fake did not come to serve: the disk is full"):
        Process("fake", "127.0.0.1:9", command, tmp_path).start()


def test_a_process_that_does_not_end_politely_is_made_to(fake: Process) -> None:
    stubborn = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + FAKE
    command = (*fake.command[:2], stubborn, *fake.command[3:])
    process = Process("stubborn", fake.bootstrap, command, fake.folder)
    process.start()
    assert process.stop(patience=0.3) != 0
    assert gone(process.pid)


@contextlib.contextmanager
def accepting(answer: bytes) -> Iterator[str]:
    """An address where each connection is given some bytes and closed."""

    def serve() -> None:
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        thread.join(10)


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n", bytes.fromhex("000000080000000700000000")],
    ids=["silence", "no Kafka", "no broker yet"],
)
def test_a_port_that_accepts_is_not_yet_a_broker(answer: bytes) -> None:
    with accepting(answer) as address:
        assert not peers.reachable(address)


def test_an_address_where_nobody_serves_is_absent() -> None:
    (port,) = server.free_ports(1)
    for address in (f"127.0.0.1:{port}", "nonsense"):
        with pytest.raises(Absent, match=f"nobody serves Kafka's protocol at {address}"):
            peers.named(address).__enter__()


def test_what_is_missing_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(franz, "cache", tmp_path.joinpath)
    monkeypatch.setattr(apache, "cache", tmp_path.joinpath)
    with pytest.raises(Absent, match=r"^Apache Kafka 4\.3\.1: there is no java$"):
        peers.apache_kafka().__enter__()
    with pytest.raises(Absent, match=r"^kfake: there is no go$"):
        peers.kfake().__enter__()
    with pytest.raises(Absent, match=r"^Apache Kafka 3\.9\.2: there is no mvn$"):
        apache.classpath("3.9.2")
    with pytest.raises(ValueError, match=r"only 4\.3\.1, 3\.9\.2 are known"):
        apache.classpath("1.0")


def test_what_fails_to_be_fetched_leaves_nothing_behind(tmp_path: Path) -> None:
    goal = tmp_path / "cache" / "thing"
    complaint = "print('noise'); print('[ERROR] no route to host'); raise SystemExit(1)"
    refused = r"^peer: python.* fails: \[ERROR\] no route to host$"
    with pytest.raises(Absent, match=refused), server.completed(goal) as passing:
        server.made("peer", [sys.executable, "-c", complaint], passing, 60)
    assert list(goal.parent.iterdir()) == []
    with server.completed(goal) as passing:
        (passing / "whole").touch()
    with server.completed(goal) as passing:
        (passing / "later").touch()
    assert [path.name for path in goal.iterdir()] == ["whole"]
    with pytest.raises(Absent, match=r"^peer: .*timed out"):
        server.made("peer", [sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, 0.1)


def test_librdkafka_s_mock_serves() -> None:
    with peers.librdkafka_mock() as found:
        assert peers.reachable(found.bootstrap)
        assert found.bootstrap.startswith("127.0.0.1:")


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", ["kafka", "kafka-3.9", "kfake"])
def test_a_peer_serves_until_its_block_ends(name: str) -> None:
    with started(name) as found:
        assert isinstance(found, Process)
        assert isinstance(found, Server)
        assert peers.reachable(found.bootstrap)
    assert gone(found.pid)


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_apache_kafka_finds_its_data_again(tmp_path: Path) -> None:
    from confluent_kafka.admin import AdminClient
    from confluent_kafka.cimpl import NewTopic

    with started("kafka", tmp_path) as found:
        admin = AdminClient({"bootstrap.servers": found.bootstrap})
        admin.create_topics([NewTopic("kept", 3)])["kept"].result(30)
        assert isinstance(found, Process)
        found.kill()
        found.start()
        assert len(admin.list_topics("kept", timeout=30).topics["kept"].partitions) == 3
