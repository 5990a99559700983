"""Java's own client, by the tools that come with Kafka: topics, records, groups, segments.

They come with Kafka's jars; where there is no Java, or neither jars nor Maven, the tests say so.
Apache Kafka says whether a test is right.
"""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conformance.peers import Absent, Process
from conformance.peers.apache import java_tool
from tests.conformance.brokers import started
from tests.conformance.clients.drivers import To, Wish, driver
from tests.conformance.clients.tools import Tools, tools

pytestmark = pytest.mark.timeout(400)
slow = pytest.mark.slow


@pytest.fixture(scope="module", params=["verdict", pytest.param("kafka", marks=slow)])
def broker(request: pytest.FixtureRequest) -> Iterator[Process]:
    with started(request.param) as server:
        assert isinstance(server, Process)
        yield server


@pytest.fixture(scope="module")
def run() -> Iterator[Tools]:
    try:
        with tools() as found:
            yield found
    except Absent as absent:
        pytest.skip(str(absent))


@pytest.fixture
def topic() -> str:
    return f"java-{uuid.uuid4().hex[:8]}"


class Told:
    """Tools that are told which broker, and which topic."""

    def __init__(self, run: Tools, broker: Process, topic: str) -> None:
        self._run, self._topic = run, topic
        self._address = ("--bootstrap-server", broker.bootstrap)

    def topics(self, *words: str, status: int = 0) -> str:
        return self._run("TopicCommand", *self._address, *words, status=status)

    def create(self, partitions: int) -> None:
        self.topics("--create", "--topic", self._topic, "--partitions", str(partitions))

    def groups(self, *words: str) -> str:
        return self._run("consumer.group.ConsumerGroupCommand", *self._address, *words)

    def produce(self, *lines: str) -> None:
        given = "".join(f"{line}\n" for line in lines)
        self._run("ConsoleProducer", *self._address, "--topic", self._topic,
                  "--command-property", "acks=all", given=given)  # fmt: skip

    def consume(self, count: int, *words: str) -> list[str]:
        said = self._run(
            "consumer.ConsoleConsumer", *self._address, "--topic", self._topic,
            "--max-messages", str(count), "--timeout-ms", "60000", *words,
        )  # fmt: skip
        return [line for line in said.splitlines() if "KIP-848" not in line]

    def other(self, name: str, *words: str) -> str:
        return self._run(name, *self._address, *words)

    def alone(self, name: str, *words: str) -> list[dict[str, object]]:
        """What a tool prints in JSON that needs a process of its own to end."""
        done = subprocess.run(
            java_tool(f"org.apache.kafka.tools.{name}", *words),
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]

    @property
    def address(self) -> str:
        return self._address[1]


@pytest.fixture
def told(run: Tools, broker: Process, topic: str) -> Told:
    return Told(run, broker, topic)


# Topics and their settings ---------------------------------------------------------------------


def test_topics(told: Told, topic: str) -> None:
    told.topics("--create", "--topic", topic, "--partitions", "3",
                "--config", "retention.ms=60000")  # fmt: skip
    assert topic in told.topics("--list").splitlines()
    told.topics("--alter", "--topic", topic, "--partitions", "5")
    said = told.topics("--describe", "--topic", topic)
    assert "PartitionCount: 5" in said
    assert "retention.ms=60000" in said
    assert said.count("Leader: 0") == 5
    told.topics("--delete", "--topic", topic)
    assert topic not in told.topics("--list").splitlines()
    assert "does not exist" in told.topics("--describe", "--topic", topic, status=1)


@slow
def test_configs(told: Told, topic: str) -> None:
    told.create(1)

    def configs(*words: str) -> str:
        return told.other("kafka.admin.ConfigCommand", *words)

    mine = ("--entity-type", "topics", "--entity-name", topic)
    assert "Completed updating" in configs(
        *mine, "--alter", "--add-config", "max.message.bytes=2000,retention.ms=60000"
    )
    said = configs(*mine, "--describe")
    assert "max.message.bytes=2000" in said
    assert "DEFAULT_CONFIG:message.max.bytes=1048588" in said
    configs(*mine, "--alter", "--delete-config", "max.message.bytes")
    said = configs(*mine, "--describe")
    assert "max.message.bytes" not in said
    assert "retention.ms=60000" in said
    said = configs("--entity-type", "brokers", "--entity-name", "0", "--describe", "--all")
    assert re.search(r"num\.partitions=4 ", said)


@slow
def test_offsets_and_deleted_records(told: Told, topic: str, tmp_path: Path) -> None:
    told.create(2)
    fill(told, topic)

    def offsets(*words: str) -> list[str]:
        return told.other("GetOffsetShell", "--topic", topic, *words).splitlines()

    assert offsets() == [f"{topic}:0:6", f"{topic}:1:6"]
    assert offsets("--time", "earliest") == [f"{topic}:0:0", f"{topic}:1:0"]
    newest = offsets("--time", "max-timestamp", "--partitions", "0")
    assert newest[0] in {f"{topic}:0:{n}" for n in (3, 4, 5)}  # they may be of one millisecond
    wish = tmp_path / "delete.json"
    partitions = [{"topic": topic, "partition": 0, "offset": 4}]
    wish.write_text(json.dumps({"partitions": partitions, "version": 1}), encoding="utf-8")
    said = told.other("DeleteRecordsCommand", "--offset-json-file", str(wish))
    assert re.search(rf"{topic}-0\s+low_watermark: 4", said)
    assert offsets("--time", "earliest") == [f"{topic}:0:4", f"{topic}:1:0"]


# Records ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["classic", pytest.param("consumer", marks=slow)])
def test_records_and_a_group(told: Told, topic: str, protocol: str) -> None:
    told.create(2)
    lines = [f"line {n}" for n in range(20)]
    told.produce(*lines)
    member = ("--group", topic, "--command-property", f"group.protocol={protocol}")
    assert sorted(told.consume(20, "--from-beginning", *member)) == sorted(lines)
    told.produce("one more")
    described = told.groups("--describe", "--group", topic)
    rows = [line.split() for line in described.splitlines() if line.startswith(topic)]
    assert sum(int(row[3]) for row in rows) == 20
    assert sum(int(row[5]) for row in rows) == 1
    assert told.consume(1, *member) == ["one more"]
    assert topic in told.groups("--list").splitlines()
    told.groups("--delete", "--group", topic)
    assert topic not in told.groups("--list").splitlines()


@slow
def test_keys_headers_and_formats(told: Told, topic: str) -> None:
    told.create(1)
    told._run(
        "ConsoleProducer", "--bootstrap-server", told.address, "--topic", topic,
        "--reader-property", "parse.key=true", "--reader-property", "parse.headers=true",
        "--compression-codec", "zstd", given="h:1\tkey\tvalue\n",
    )  # fmt: skip
    shown = ("key", "headers", "partition", "offset")
    words = [word for name in shown for word in ("--formatter-property", f"print.{name}=true")]
    assert told.consume(1, "--partition", "0", "--offset", "0", *words) == [
        "Partition:0\tOffset:0\th:1\tkey\tvalue"
    ]


@slow
def test_a_measured_load(told: Told, topic: str) -> None:
    told.create(1)
    said = told._run(
        "ProducerPerformance", "--topic", topic, "--num-records", "5000", "--record-size", "200",
        "--throughput", "-1", "--command-property", f"bootstrap.servers={told.address}",
        "enable.idempotence=true", "acks=all", "compression.type=lz4",
    )  # fmt: skip
    assert "5000 records sent" in said
    assert told.other("GetOffsetShell", "--topic", topic).split() == [f"{topic}:0:5000"]
    said = told.other(
        "ConsumerPerformance", "--topic", topic, "--num-records", "5000", "--timeout", "60000"
    )
    measured = said.splitlines()[-1].split(", ")
    assert int(measured[4]) == 5000
    said = told.other(
        "EndToEndLatency", "--topic", topic, "--num-records", "20", "--producer-acks", "all",
        "--record-size", "100",
    )  # fmt: skip
    assert "Avg latency" in said


# Groups ----------------------------------------------------------------------------------------


def fill(told: Told, topic: str) -> tuple[datetime, datetime]:
    """Six records in each of two partitions; moments between the first halves and the others."""
    client = driver("over_confluent")
    moments = []
    for half in range(2):
        records = [To(f"{half} {n}", partition=n % 2) for n in range(6)]
        client.produce(told.address, topic, records)
        moments.append(datetime.now(UTC) + timedelta(milliseconds=1))
        pause = moments[-1] + timedelta(milliseconds=50)
        while datetime.now(UTC) < pause:
            pass
    return moments[0], moments[1]


def test_every_way_to_reset_a_group(told: Told, topic: str, tmp_path: Path) -> None:
    told.create(2)
    between, after = fill(told, topic)

    def reset(*words: str, run: str = "--execute") -> list[int]:
        said = told.groups("--reset-offsets", "--group", topic, "--topic", topic, *words, run)
        rows = [line.split() for line in said.splitlines() if line.startswith(topic)]
        return [int(offset) for _, _, _, offset in sorted(rows)]

    def moment(at: datetime) -> str:
        return at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]

    assert reset("--to-earliest") == [0, 0]
    assert reset("--to-latest") == [6, 6]
    assert reset("--shift-by", "-4") == [2, 2]
    assert reset("--shift-by", "-10") == [0, 0]
    assert reset("--to-offset", "5", run="--dry-run") == [5, 5]
    assert reset("--to-current") == [0, 0]  # for nothing was done
    assert reset("--to-datetime", moment(between)) == [3, 3]
    assert reset("--to-datetime", moment(after)) == [6, 6]
    assert reset("--by-duration", "PT1H") == [0, 0]
    plan = tmp_path / "plan.csv"
    plan.write_text(f"{topic},0,1\n{topic},1,4\n", encoding="utf-8")
    assert reset("--from-file", str(plan)) == [1, 4]
    said = told.groups("--reset-offsets", "--group", topic, "--topic", f"{topic}:1",
                       "--to-earliest", "--export", "--dry-run")  # fmt: skip
    assert said.split() == [f'"{topic}",1,0' if said.startswith('"') else f"{topic},1,0"]
    rows = told.groups("--describe", "--group", topic, "--offsets").splitlines()
    kept = sorted(line.split()[2:6] for line in rows if line.startswith(topic))
    assert kept == [["0", "1", "6", "5"], ["1", "4", "6", "2"]]
    told.groups("--delete-offsets", "--group", topic, "--topic", f"{topic}:0")
    rows = told.groups("--describe", "--group", topic).splitlines()
    assert [line.split()[2:4] for line in rows if line.startswith(topic)] == [["1", "4"]]


@slow
@pytest.mark.parametrize(
    "assignor", ["range", "roundrobin", "cooperative-sticky", "uniform (KIP-848)"]
)
def test_the_members_of_a_group(told: Told, topic: str, assignor: str) -> None:
    told.create(3)
    wish = Wish(group=topic, assignor=assignor, instance=f"{topic}-1")
    reader = driver("over_confluent").reader(told.address, wish)
    try:
        reader.subscribe(topic)
        while len(reader.assignment()) < 3:
            reader.poll(0.1)
        said = told.groups("--describe", "--group", topic, "--members", "--verbose")
        [row] = [line.split() for line in said.splitlines() if line.startswith(topic)]
        assert f"{topic}:0,1,2" in "".join(row)
        assert f"{topic}-1" in row
        said = told.groups("--describe", "--group", topic, "--state")
        [row] = [line.split() for line in said.splitlines() if line.startswith(topic)]
        assert "Stable" in row
        assert assignor.partition(" ")[0] in row
        assert row[-1] == "1"
    finally:
        reader.close()


# Transactions ----------------------------------------------------------------------------------


@slow
def test_transactions(told: Told, topic: str) -> None:
    told.create(1)
    parts = [("a", True), ("b", False)]
    driver("over_confluent").transactions(told.address, topic, topic, parts)

    def transactions(*words: str) -> list[dict[str, str]]:
        heads, *rows = told.other("TransactionsCommand", *words).splitlines()
        names = heads.split()
        return [dict(zip(names, (cell.strip() for cell in row.split("\t")), strict=False))
                for row in rows]  # fmt: skip

    [mine] = [row for row in transactions("list") if row["TransactionalId"] == topic]
    assert mine["TransactionState"] == "CompleteAbort"
    [row] = transactions("describe", "--transactional-id", topic)
    assert (row["TransactionState"], row["ProducerId"]) == ("CompleteAbort", mine["ProducerId"])
    [row] = transactions("describe-producers", "--topic", topic, "--partition", "0")
    assert (row["ProducerId"], row["CurrentTransactionStartOffset"]) == (mine["ProducerId"], "None")
    assert transactions("find-hanging", "--broker-id", "0") == []
    assert told.consume(1, "--from-beginning", "--isolation-level", "read_committed") == ["a"]


@slow
def test_what_is_copied_in_transactions(told: Told, topic: str) -> None:
    told.create(1)
    told.topics("--create", "--topic", f"{topic}-copy", "--partitions", "1")
    fill_one = [To(f"v{n}", partition=0) for n in range(20)]
    driver("over_confluent").produce(told.address, topic, fill_one)
    said = told.alone(
        "TransactionalMessageCopier", "--transactional-id", topic, "--input-topic", topic,
        "--input-partition", "0", "--output-topic", f"{topic}-copy", "--broker-list", told.address,
        "--consumer-group", topic, "--transaction-size", "3", "--max-messages", "20",
    )  # fmt: skip
    assert said[-1]["consumed"] == 20
    words = ("--bootstrap-server", told.address, "--topic", f"{topic}-copy", "--from-beginning",
             "--max-messages", "20", "--timeout-ms", "60000",
             "--isolation-level", "read_committed")  # fmt: skip
    assert told._run("consumer.ConsoleConsumer", *words).split() == [f"v{n}" for n in range(20)]
    rows = told.groups("--describe", "--group", topic).splitlines()
    assert [line.split()[3] for line in rows if line.startswith(topic)] == ["20"]


# Tools that check themselves -------------------------------------------------------------------


@slow
def test_what_verifies_itself(told: Told, topic: str) -> None:
    told.create(1)
    address = ("--bootstrap-server", told.address)
    sent = told.alone("VerifiableProducer", *address, "--topic", topic, "--max-messages", "50",
                      "--acks", "-1")  # fmt: skip
    acknowledged = [row for row in sent if row["name"] == "producer_send_success"]
    assert [(row["value"], row["offset"]) for row in acknowledged] == [
        (str(n), n) for n in range(50)
    ]
    read = told.alone("VerifiableConsumer", *address, "--topic", topic, "--group-id", topic,
                      "--max-messages", "50", "--reset-policy", "earliest")  # fmt: skip
    assert sum(int(str(row["count"])) for row in read if row["name"] == "records_consumed") == 50
    commits = [row for row in read if row["name"] == "offsets_committed"]
    assert commits[-1]["offsets"] == [{"topic": topic, "partition": 0, "offset": 50}]
    assert all(row["success"] for row in commits)


# Files -----------------------------------------------------------------------------------------


def test_kafka_reads_the_segments(run: Tools, broker: Process, told: Told, topic: str) -> None:
    told.create(1)
    told.produce("first", "second")
    log = broker.folder / "data" / f"{topic}-0" / f"{0:020}.log"
    said = run("DumpLogSegments", "--print-data-log", "--files", str(log))
    assert "payload: first" in said
    assert "payload: second" in said
    assert "isvalid: true" in said
    assert "isvalid: false" not in said
