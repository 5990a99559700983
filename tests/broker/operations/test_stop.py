"""The end: who waits is answered, nothing that was acknowledged is lost, and it comes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from broker.errors import ErrorCode
from broker.log.directory import CLEAN
from broker.log.log import Log
from broker.server import server
from broker.wire import records
from broker.wire.apis import ApiKey
from broker.wire.frames import LENGTH
from tests.broker.raw import RawClient
from tests.broker.server.running import PATIENCE, Program, running

TWICE = """
import asyncio
from verdict.broker_command import _signalled

async def main():
    stopping = _signalled()
    print("ready", flush=True)
    await stopping
    print("stopping", flush=True)
    await asyncio.sleep(600)

asyncio.run(main())
"""


def end_of(port: int, topic: str) -> int:
    part = {"partition_index": 0, "timestamp": -1, "current_leader_epoch": -1}
    wanted = [{"name": topic, "partitions": [part]}]
    answer = RawClient(port).answer_to(ApiKey.LIST_OFFSETS, 6, replica_id=-1, topics=wanted)
    found: int = answer["topics"][0]["partitions"][0]["offset"]
    return found


def create(client: RawClient, topic: str) -> None:
    wanted = {"name": topic, "num_partitions": 1, "replication_factor": 1}
    client.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[wanted], timeout=10_000)


def join(client: RawClient) -> None:
    client.send(
        ApiKey.JOIN_GROUP,
        3,
        group_id="g",
        session_timeout=60_000,
        rebalance_timeout=60_000,
        member_id="",
        protocol_type="p",
        protocols=[{"name": "range", "metadata": b""}],
    )


def test_who_waits_is_answered(tmp_path: Path) -> None:
    program = Program(tmp_path)
    fetcher, first, second = (RawClient(program.port) for _ in range(3))
    create(fetcher, "t")
    looker = RawClient(program.port)
    looker.answer_to(ApiKey.FIND_COORDINATOR, 2, key="g", key_type=0)
    part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
    wanted = [{"topic": "t", "partitions": [part]}]
    fetcher.send(ApiKey.FETCH, 11, max_wait=600_000, min_bytes=1, topics=wanted)
    join(first)
    assert first.answer()["error_code"] == 0
    join(second)  # it waits for the first one to join again, which that does not
    groups = ["g"]
    while (
        looker.answer_to(ApiKey.DESCRIBE_GROUPS, 6, groups=groups)["groups"][0]["group_state"]
        != "PreparingRebalance"
    ):
        time.sleep(0.01)
    began = time.monotonic()
    assert program.stop() == 0
    assert fetcher.answer()["responses"] == [
        {
            "topic": "t",
            "partitions": [
                {
                    "partition_index": 0,
                    "error_code": 0,
                    "high_watermark": 0,
                    "last_stable_offset": 0,
                    "log_start_offset": 0,
                    "aborted_transactions": None,
                    "preferred_read_replica": -1,
                    "records": b"",
                }
            ],
        }
    ]
    assert second.answer()["error_code"] == ErrorCode.NOT_COORDINATOR
    assert time.monotonic() - began < PATIENCE
    assert (tmp_path / CLEAN).exists()


def test_a_connection_is_closed_once_what_was_asked_is_answered(tmp_path: Path) -> None:
    """What came after it is not looked at any more."""
    with running(tmp_path) as broker:
        client = RawClient(broker.port)
        create(client, "t")
        part = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 1 << 20}
        wanted = [{"topic": "t", "partitions": [part]}]
        client.send(ApiKey.FETCH, 11, max_wait=600_000, min_bytes=1, topics=wanted)
        create_second = {"name": "u", "num_partitions": 1, "replication_factor": 1}
        client.send(ApiKey.CREATE_TOPICS, 7, topics=[create_second], timeout=10_000)
        purgatory = broker.server.broker.purgatory
        while not broker.call(lambda: len(purgatory)):
            time.sleep(0.01)
        [connection] = broker.call(lambda: list(broker.server.connections))
        broker.call(connection.close)
        broker.call(purgatory.expire)
        (size,) = LENGTH.unpack(client._exactly(4))
        assert len(client._exactly(size)) == size
        with pytest.raises(ConnectionResetError):
            client._exactly(1)
        assert "u" not in broker.server.broker.catalog.topics


class Sender:
    """Sends one batch after the other, and counts those that were acknowledged."""

    def __init__(self, port: int, topic: str) -> None:
        self.acknowledged, self._topic = 0, topic
        self._client = RawClient(port)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        batch = records.build([(b"k", b"v")], 1000)
        wanted = [{"name": self._topic, "partition_data": [{"index": 0, "records": batch}]}]
        try:
            while True:
                answer = self._client.answer_to(
                    ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=wanted
                )
                part = answer["responses"][0]["partition_responses"][0]
                assert part["error_code"] == 0
                assert part["base_offset"] == self.acknowledged
                self.acknowledged += 1
        except OSError:
            return

    def join(self) -> int:
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()
        return self.acknowledged


def test_what_was_acknowledged_is_there_after_a_stop_under_load(tmp_path: Path) -> None:
    program = Program(tmp_path)
    topics = [f"t{number}" for number in range(4)]
    client = RawClient(program.port)
    for topic in topics:
        create(client, topic)
    senders = [Sender(program.port, topic) for topic in topics]
    deadline = time.monotonic() + PATIENCE
    while min(sender.acknowledged for sender in senders) < 20:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert program.stop() == 0
    counts = [sender.join() for sender in senders]
    assert (tmp_path / CLEAN).exists()
    with running(tmp_path) as broker:
        for topic, count in zip(topics, counts, strict=True):
            # One more may be there, whose answer was on its way.
            assert end_of(broker.port, topic) - count in {0, 1}


def test_a_compaction_under_way_is_finished_before_logs_are_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go = threading.Event(), threading.Event()
    open_at_the_end: list[bool] = []

    def work(found: Log) -> None:
        begun.set()
        assert go.wait(PATIENCE)
        open_at_the_end.append(found.active.size >= 0 and found.read(0, 100, 1, whole=True) != b"")

    async def slow(found: Log, _: object) -> bool:
        await asyncio.to_thread(work, found)
        return True

    monkeypatch.setattr(server, "clean", slow)
    with running(tmp_path, log_cleaner_backoff_ms="0") as broker:
        configs = {"cleanup.policy": "compact"}
        broker.call(lambda: broker.server.broker.create_topic("c", 1, configs))
        batch = records.build([(b"k", b"v")], 1000)
        wanted = [{"name": "c", "partition_data": [{"index": 0, "records": batch}]}]
        RawClient(broker.port).answer_to(
            ApiKey.PRODUCE, 9, acks=-1, timeout=1000, topic_data=wanted
        )
        assert begun.wait(PATIENCE)
        threading.Timer(0.3, go.set).start()
    assert open_at_the_end
    assert all(open_at_the_end)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_it_at_once(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", TWICE], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "stopping\n"
        process.send_signal(number)
        assert process.wait(PATIENCE) == -number


def test_a_stop_while_it_recovers(tmp_path: Path) -> None:
    """Whenever the signal comes, it is an end in order, and the next start finds all topics."""
    program = Program(tmp_path)
    client = RawClient(program.port)
    wanted = {"name": "t", "num_partitions": 200, "replication_factor": 1}
    client.answer_to(ApiKey.CREATE_TOPICS, 7, topics=[wanted], timeout=60_000)
    program.kill()
    for _ in range(2):
        program = Program.__new__(Program)
        program.said = ""
        program._process = subprocess.Popen(
            [sys.executable, "-m", "verdict", "broker", "--data-dir", str(tmp_path),
             "--listen", "127.0.0.1:0"],
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert program._process.stderr is not None
        line = program._process.stderr.readline()
        assert "opening" in line, line
        assert program.stop() == 0
        assert "stopping: SIGTERM" in program.said
    with running(tmp_path) as broker:
        assert len(broker.server.broker.catalog.topics["t"].partitions) == 200
