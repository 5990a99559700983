"""Java's own client, by the tools that come with Kafka: topics, records, groups, segments.

They come with Kafka's jars; where there is no Java, or neither jars nor Maven, the tests say so.
"""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance.peers import Absent, Process
from conformance.peers.apache import java_tool
from tests.conformance.brokers import started

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


@pytest.fixture(scope="module", params=["verdict", "kafka"])
def broker(request: pytest.FixtureRequest) -> Iterator[Process]:
    with started(request.param) as server:
        assert isinstance(server, Process)
        yield server


@pytest.fixture
def topic() -> str:
    return f"java-{uuid.uuid4().hex[:8]}"


def run(name: str, *words: str, given: str = "") -> str:
    """What a tool of `org.apache.kafka.tools` prints."""
    try:
        command = java_tool(f"org.apache.kafka.tools.{name}", *words)
    except Absent as absent:
        pytest.skip(str(absent))
    done = subprocess.run(
        command, input=given, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def topics(broker: Process, *words: str) -> str:
    return run("TopicCommand", "--bootstrap-server", broker.bootstrap, *words)


def groups(broker: Process, *words: str) -> str:
    return run(
        "consumer.group.ConsumerGroupCommand", "--bootstrap-server", broker.bootstrap, *words
    )


def produce(broker: Process, topic: str, lines: list[str]) -> None:
    run("ConsoleProducer", "--bootstrap-server", broker.bootstrap, "--topic", topic,
        "--command-property", "acks=all", given="".join(f"{line}\n" for line in lines))  # fmt: skip


def consume(broker: Process, topic: str, count: int, *words: str) -> list[str]:
    said = run(
        "consumer.ConsoleConsumer", "--bootstrap-server", broker.bootstrap, "--topic", topic,
        "--max-messages", str(count), "--timeout-ms", "60000", *words,
    )  # fmt: skip
    return said.splitlines()


def test_topics(broker: Process, topic: str) -> None:
    topics(broker, "--create", "--topic", topic, "--partitions", "3",
           "--config", "retention.ms=60000")  # fmt: skip
    assert topic in topics(broker, "--list").splitlines()
    topics(broker, "--alter", "--topic", topic, "--partitions", "5")
    said = topics(broker, "--describe", "--topic", topic)
    assert "PartitionCount: 5" in said
    assert "retention.ms=60000" in said
    assert said.count("Leader: 0") == 5
    topics(broker, "--delete", "--topic", topic)
    assert topic not in topics(broker, "--list").splitlines()


@pytest.mark.parametrize("protocol", ["classic", "consumer"])
def test_records_and_a_group(broker: Process, topic: str, protocol: str) -> None:
    topics(broker, "--create", "--topic", topic, "--partitions", "2")
    lines = [f"line {n}" for n in range(20)]
    produce(broker, topic, lines)
    member = ("--group", topic, "--command-property", f"group.protocol={protocol}")
    assert sorted(consume(broker, topic, 20, "--from-beginning", *member)) == sorted(lines)
    produce(broker, topic, ["one more"])
    described = groups(broker, "--describe", "--group", topic)
    rows = [line.split() for line in described.splitlines() if line.startswith(topic)]
    assert sum(int(row[3]) for row in rows) == 20
    assert sum(int(row[5]) for row in rows) == 1
    assert consume(broker, topic, 1, *member) == ["one more"]
    groups(broker, "--reset-offsets", "--to-earliest", "--execute", "--topic", topic,
           "--group", topic)  # fmt: skip
    assert len(consume(broker, topic, 21, *member)) == 21
    groups(broker, "--delete", "--group", topic)
    assert topic not in groups(broker, "--list").splitlines()


def test_a_measured_load(broker: Process, topic: str) -> None:
    topics(broker, "--create", "--topic", topic, "--partitions", "1")
    said = run(
        "ProducerPerformance", "--topic", topic, "--num-records", "5000", "--record-size", "200",
        "--throughput", "-1", "--command-property", f"bootstrap.servers={broker.bootstrap}",
        "enable.idempotence=true", "acks=all", "compression.type=lz4",
    )  # fmt: skip
    assert "5000 records sent" in said
    assert len(consume(broker, topic, 5000, "--from-beginning")) == 5000


def test_kafka_reads_the_segments(broker: Process, topic: str) -> None:
    topics(broker, "--create", "--topic", topic, "--partitions", "1")
    produce(broker, topic, ["first", "second"])
    folder = broker.folder / "data" / f"{topic}-0"
    log = Path(folder, f"{0:020}.log")
    said = run("DumpLogSegments", "--print-data-log", "--files", str(log))
    assert "payload: first" in said
    assert "payload: second" in said
    assert "isvalid: true" in said
