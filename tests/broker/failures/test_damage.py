"""Files that somebody damaged, removed or added while the broker was away.

What can be told from other files is built again: whoever reads, looks for a time, or repeats a
batch is answered as before.  What was in nothing but the damaged file is said, in a line.
"""

from __future__ import annotations

import json
import random
import shutil
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from broker.errors import ErrorCode
from broker.log.directory import DirectoryError
from broker.log.log import Log
from broker.server.catalog import FILE, OFFSETS_TOPIC
from broker.wire import batches, records
from broker.wire.apis import ApiKey
from tests.broker.log.shelf import put_batch
from tests.broker.raw import RawClient
from tests.broker.server.running import Running, running

TOPIC = "t"
BASES = 5
"""Segments that the log has."""

Damage = Callable[[Path], object]


def fill(log: Log) -> None:
    """Several segments: plain batches, an idempotent producer's, transactions of both ends."""
    sequence = 0
    for segment in range(BASES):
        for number in range(12):
            at = 1_000_000 + 1000 * segment + number
            more: dict[str, int] = {}
            if number % 3 == 0:
                more = {"producer_id": 5, "producer_epoch": 0, "base_sequence": sequence}
                sequence += 2
            pairs = [(b"k%d" % number, b"%d" % at), (b"x", bytes(300))]
            put_batch(log, records.build(pairs, at, **more), at, log.epochs.latest)
            if number in {4, 8}:
                within = {"producer_id": number, "producer_epoch": 0, "base_sequence": segment}
                batch = records.build(
                    [(b"t", b"%d" % at)], at, attributes=batches.TRANSACTIONAL, **within
                )
                put_batch(log, batch, at, log.epochs.latest)
                ended = records.marker(number, 0, commit=number == 4, coordinator_epoch=0, now=at)
                put_batch(log, ended, at, log.epochs.latest)
        if segment < BASES - 1:
            log.roll()


def seen(broker: Running) -> dict[str, Any]:
    """What clients can see of a log."""

    def look() -> dict[str, Any]:
        log = broker.server.broker.catalog.partition(TOPIC, 0).log
        content = [
            (record.offset, record.timestamp, record.value)
            for header, batch in log.batches()
            for record in records.read_records(batch)
        ]
        one_by_one = [
            batches.read_header(log.read(offset, 1, log.end_offset, whole=True)).base_offset
            for offset in range(log.start_offset, log.end_offset)
        ]
        return {
            "content": content,
            "one by one": one_by_one,
            "times": [log.first_since(at) for at in range(1_000_000, 1_006_000, 250)],
            "newest": log.newest(),
            "aborted": log.aborted(0, log.end_offset),
            "stable": log.stable_offset,
            "epochs": [each for each in log.epochs.entries if each[1] < log.end_offset],
            "producers": {
                producer_id: (producer.epoch, producer.last_sequence)
                for producer_id, producer in log.producers.producers.items()
            },
        }

    found: dict[str, Any] = broker.call(look)
    return found


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A directory that was closed, and what clients saw last."""
    path = tmp_path_factory.mktemp("closed")
    with running(path) as broker:
        broker.call(
            lambda: broker.server.broker.create_topic(TOPIC, 1, {"index.interval.bytes": "100"})
        )
    # A leader that comes later has another epoch.
    with running(path) as broker:
        broker.call(lambda: fill(broker.server.broker.catalog.partition(TOPIC, 0).log))
        before = seen(broker)
    return path, before


def _log(path: Path, kind: str, number: int = 0) -> Path:
    return sorted((path / f"{TOPIC}-0").glob(f"*{kind}"))[number]


def _write(kind: str, change: Callable[[bytes], bytes], number: int = 1) -> Damage:
    def damage(path: Path) -> None:
        file = _log(path, kind, number)
        data = file.read_bytes()
        assert data, file
        file.write_bytes(change(data))

    return damage


def _rubbish(data: bytes) -> bytes:
    return random.Random(1).randbytes(len(data))


def _reversed(size: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        return b"".join(data[at : at + size] for at in reversed(range(0, len(data), size)))

    return change


def _inner_rubbish(data: bytes) -> bytes:
    """The first and the last entry look right."""
    return data[:8] + struct.pack(">ii", 3, 77) * ((len(data) - 16) // 8) + data[-8:]


def _inner_later(data: bytes) -> bytes:
    """All entries but the first point to the last one's batch."""
    entries = list(struct.iter_unpack(">ii", data))
    return b"".join(
        struct.pack(">ii", offset, entries[-1][1] if at else position)
        for at, (offset, position) in enumerate(entries)
    )


def _at(name: str, data: bytes) -> Damage:
    return lambda path: (path / name).write_bytes(data)


def _remove(kind: str) -> Damage:
    def damage(path: Path) -> None:
        for file in (path / f"{TOPIC}-0").glob(f"*{kind}"):
            file.unlink()

    return damage


def _leftover(path: Path) -> None:
    """What a roll that failed had left before others followed."""
    (path / f"{TOPIC}-0" / "00000000000000000120.log").write_bytes(b"")


def _strays(path: Path) -> None:
    log = path / f"{TOPIC}-0"
    for name in ("foo.log", "00000000000000000007.log.bak", "7.log", "x.snapshot", "y.swap"):
        (log / name).write_bytes(b"rubbish")
    (log / "folder").mkdir()
    (path / "folder").mkdir()
    (path / "unknown-0").mkdir()
    (path / "a file-0").write_bytes(b"")
    (path / "keep-delete").mkdir()


MENDED: dict[str, Damage] = {
    "an index cut short": _write(".index", lambda data: data[:-3]),
    "an index that is empty": _write(".index", lambda data: b""),
    "an index that is too long": _write(".index", lambda data: data + bytes(80)),
    "an index that goes on": _write(".index", lambda data: data + struct.pack(">ii", 900, 1 << 20)),
    "an index that decreases": _write(".index", _reversed(8)),
    "an index of rubbish": _write(".index", _rubbish),
    "an index of rubbish in its middle": _write(".index", _inner_rubbish),
    "an index that says too late": _write(".index", _inner_later),
    "the newest index of rubbish": _write(".index", _rubbish, BASES - 1),
    "no index": _remove(".index"),
    "a time index cut short": _write(".timeindex", lambda data: data[:-5]),
    "a time index that decreases": _write(".timeindex", _reversed(12)),
    "no time index": _remove(".timeindex"),
    "the notes of transactions cut short": _write(".txnindex", lambda data: data[:-1]),
    "the notes of transactions of rubbish": _write(".txnindex", _rubbish),
    "a snapshot of rubbish": _write(".snapshot", _rubbish, -1),
    "a snapshot cut short": _write(".snapshot", lambda data: data[:9], -1),
    "no snapshot": _remove(".snapshot"),
    "leader epochs of rubbish": _at(f"{TOPIC}-0/leader-epoch-checkpoint", b"\xff\0rubbish"),
    "no leader epochs": _remove("leader-epoch-checkpoint"),
    "recovery points of rubbish": _at("recovery-point-offset-checkpoint", b"0\n1\nt zero 0\n"),
    "recovery points of a newer version": _at("recovery-point-offset-checkpoint", b"9\n0\n"),
    "whose log it is, in rubbish": _at(f"{TOPIC}-0/partition.metadata", b"\xff"),
    "starts of rubbish": _at("log-start-offset-checkpoint", b"\xff"),
    "what was cleaned, in rubbish": _at("cleaner-offset-checkpoint", b"0\n5\n"),
    "an empty segment that was outgrown": _leftover,
    "strays": _strays,
    "no producer ids": lambda path: (path / "producer-ids").unlink(missing_ok=True),
}


@pytest.fixture
def copy(tmp_path: Path, closed: tuple[Path, dict[str, Any]]) -> Path:
    path = tmp_path / "data"
    shutil.copytree(closed[0], path)
    return path


QUICK = {
    "an index of rubbish",
    "an index that says too late",
    "no time index",
    "the notes of transactions of rubbish",
    "a snapshot of rubbish",
    "leader epochs of rubbish",
    "whose log it is, in rubbish",
    "an empty segment that was outgrown",
    "strays",
}
"""What is tried each time, in a directory that was closed."""


@pytest.mark.parametrize(
    ("name", "was"),
    [
        pytest.param(name, was, marks=() if name in QUICK and was == "closed" else pytest.mark.slow)
        for name in MENDED
        for was in ("closed", "killed")
    ],
)
def test_what_other_files_tell_is_built_again(
    copy: Path, closed: tuple[Path, dict[str, Any]], name: str, was: str
) -> None:
    if was == "killed":
        (copy / ".kafka_cleanshutdown").unlink()
    MENDED[name](copy)
    with running(copy) as broker:
        now = seen(broker)
        assert now == closed[1]

        def go_on() -> tuple[int, bool]:
            partition = broker.server.broker.catalog.partition(TOPIC, 0)
            assert partition.leader_epoch > now["epochs"][-1][0]
            sequence = now["producers"][5][1] - 1
            more = {"producer_id": 5, "producer_epoch": 0, "base_sequence": sequence}
            batch = records.build([(b"k0", b""), (b"x", b"")], 1, **more)
            again = put_batch(partition.log, batch, 1, partition.leader_epoch)
            return next(broker.server.broker.producer_ids), again.again

        fresh, again = broker.call(go_on)
        assert fresh > max(now["producers"])
        assert again
    assert {path.name for path in copy.iterdir()} >= {f"{TOPIC}-0", FILE}


def said(caplog: pytest.LogCaptureFixture) -> str:
    return " ".join(str(getattr(record, "fields", "")) for record in caplog.records)


# What cannot be mended ------------------------------------------------------------------------


def test_a_recovery_point_past_the_end_is_not_believed(
    copy: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor are the files before it: all of the log is read."""
    (copy / ".kafka_cleanshutdown").unlink()
    (copy / "recovery-point-offset-checkpoint").write_text(f"0\n1\n{TOPIC} 0 9999\n")
    log = _log(copy, ".log", 2)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 1
    log.write_bytes(data)
    with running(copy) as broker:
        end = broker.call(lambda: broker.server.broker.catalog.partition(TOPIC, 0).log.end_offset)
        assert int(log.stem) < end < int(_log(copy, ".log", -1).stem) + 100
        assert len(list((copy / f"{TOPIC}-0").glob("*.log"))) == 3
    assert "files are missing" in said(caplog)


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_batch_in_the_middle_is_damaged(copy: Path, where: str) -> None:
    """After the recovery point the log ends there; before it, whoever reads there is told."""
    (copy / ".kafka_cleanshutdown").unlink()
    victim = _log(copy, ".log", 1)
    base, next_base = int(victim.stem), int(_log(copy, ".log", 2).stem)
    if where == "after":
        (copy / "recovery-point-offset-checkpoint").write_text(f"0\n1\n{TOPIC} 0 {base}\n")
    data = bytearray(victim.read_bytes())
    second = batches.read_header(data).size
    # The length of the second batch.
    struct.pack_into(">i", data, second + 8, 1 << 30)
    victim.write_bytes(data)
    with running(copy) as broker, RawClient(broker.port) as client:
        log = broker.server.broker.catalog.partition(TOPIC, 0).log
        if where == "after":
            assert log.end_offset == base + 2
            assert fetched(client, base + 2) == (0, [])
            return
        assert fetched(client, base)[0] == 0
        assert fetched(client, base + 2)[0] == ErrorCode.CORRUPT_MESSAGE
        error, found = fetched(client, next_base)
        assert (error, found[0]) == (0, next_base)
        made = records.build([(b"k", b"v")], 1)
        sent = [{"name": TOPIC, "partition_data": [{"index": 0, "records": bytes(made)}]}]
        answer = client.answer_to(ApiKey.PRODUCE, 8, acks=-1, timeout=1, topic_data=sent)
        assert answer["responses"][0]["partition_responses"][0]["error_code"] == 0


def fetched(client: RawClient, offset: int) -> tuple[int, list[int]]:
    """The error, and the offsets of the batches that are sent."""
    part = {"partition": 0, "fetch_offset": offset, "partition_max_bytes": 1 << 20}
    answer = client.answer_to(
        ApiKey.FETCH,
        4,
        max_wait=0,
        min_bytes=0,
        max_bytes=1 << 20,
        topics=[{"topic": TOPIC, "partitions": [part]}],
    )
    [found] = answer["responses"][0]["partitions"]
    headers = [header.base_offset for _, header in batches.walk(found["records"] or b"")]
    return found["error_code"], headers


def test_a_segment_that_is_missing_is_a_gap(copy: Path) -> None:
    victim, after = int(_log(copy, ".log", 1).stem), int(_log(copy, ".log", 2).stem)
    for file in (copy / f"{TOPIC}-0").glob(f"{victim:020d}.*"):
        file.unlink()
    with running(copy) as broker, RawClient(broker.port) as client:
        error, found = fetched(client, victim)
        assert (error, found[0]) == (0, after)


def test_a_folder_that_is_gone_is_said(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    shutil.rmtree(copy / f"{TOPIC}-0")
    with running(copy) as broker:
        log = broker.server.broker.catalog.partition(TOPIC, 0).log
        assert (log.start_offset, log.end_offset) == (0, 0)
    assert "files are missing" in said(caplog)


def test_what_is_written_of_topics_cannot_be_read(copy: Path) -> None:
    """The broker does not start, for it would keep records no longer than by default."""
    for rubbish in (b"\xff", b"{", b"[]", b'{"version": 1}', b'{"version": 1, "topics": {"t": 5}}'):
        (copy / FILE).write_bytes(rubbish)
        with pytest.raises(DirectoryError, match="mend it, or remove it"):
            Running(copy, {}).start()


def test_nothing_is_written_of_topics(
    copy: Path, closed: tuple[Path, dict[str, Any]], caplog: pytest.LogCaptureFixture
) -> None:
    with running(copy) as broker:
        broker.call(broker.server.broker.groups.ensure)
    (copy / FILE).unlink()
    with running(copy) as broker:
        assert seen(broker) == closed[1]
        topics = broker.server.broker.catalog.topics
        assert topics[TOPIC].configs == {}
        kept = topics[OFFSETS_TOPIC].partitions[0].log.settings
        assert (kept.compact, kept.delete) == (True, False)
    assert "does not say how these topics are configured" in said(caplog)
    with running(copy):
        assert json.loads((copy / FILE).read_text())["topics"].keys() >= {TOPIC}


def test_a_log_of_another_topic_that_had_the_name(copy: Path) -> None:
    """It is set aside, whole, and not taken for the topic's own."""
    found = json.loads((copy / FILE).read_text())
    found["topics"][TOPIC]["id"] = "AAAAAAAAAAAAAAAAAAAACQ"
    (copy / FILE).write_text(json.dumps(found))
    with running(copy) as broker:
        log = broker.server.broker.catalog.partition(TOPIC, 0).log
        assert log.end_offset == 0
    [aside] = copy.glob("*-stray")
    assert len(list(aside.glob("*.log"))) == BASES


def test_a_log_whose_topic_nobody_knows(copy: Path, caplog: pytest.LogCaptureFixture) -> None:
    (copy / FILE).unlink()
    (copy / f"{TOPIC}-0" / "partition.metadata").write_bytes(b"\xff")
    with running(copy) as broker:
        assert broker.server.broker.catalog.topics == {}
    assert len(list((copy / f"{TOPIC}-0").glob("*.log"))) == BASES
    assert "is left alone" in said(caplog)


def test_half_of_a_deletion_is_finished(copy: Path) -> None:
    with running(copy) as broker:
        broker.call(lambda: broker.server.broker.create_topic("u", 3, {}))
    found = json.loads((copy / FILE).read_text())
    found["deleted"] = [found["topics"].pop("u")["id"]]
    (copy / FILE).write_text(json.dumps(found))
    shutil.rmtree(copy / "u-1")
    with running(copy) as broker:
        assert sorted(broker.server.broker.catalog.topics) == [TOPIC]
    assert not list(copy.glob("u-*"))
