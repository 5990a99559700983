"""Apache Kafka's own DumpLogSegments reads the files of a log, and finds nothing wrong."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from broker.wire import batches, records
from tests.broker.jars import run_tool
from tests.broker.log.shelf import open_at, put, put_batch
from tests.broker.log.test_cleaner import COMPACT, cleaned, keyed
from tests.broker.log.test_compaction import Writers


def dump(path: Path, *more: str) -> str:
    return run_tool("DumpLogSegments", "--files", str(path), *more)


@pytest.mark.slow
def test_segments_indexes_and_snapshots(tmp_path: Path) -> None:
    log = open_at(tmp_path / "t-0")
    for number in range(30):
        put(log, now=1000 + number, producer_id=7, producer_epoch=1, base_sequence=3 * number)
    put_batch(
        log,
        records.build(
            [(b"k", b"v")],
            2000,
            attributes=batches.TRANSACTIONAL,
            producer_id=8,
            producer_epoch=0,
            base_sequence=0,
        ),
    )
    put_batch(log, records.marker(8, 0, commit=False, coordinator_epoch=4, now=2001))
    log.roll()
    log.close(0)
    seen, text = [], ""
    for segment in log.segments[:-1]:
        text = dump(segment.path(".log"), "--deep-iteration", "--print-data-log")
        assert "isvalid: true" in text
        assert "isvalid: false" not in text
        seen += [int(offset) for offset in re.findall(r"^\| offset: (\d+)", text, re.MULTILINE)]
        for kind in (".index", ".timeindex"):
            told = dump(segment.path(kind))
            assert "Mismatches" not in told
            assert "Found" not in told
    assert seen == list(range(92))
    assert "endTxnMarker: ABORT" in text
    assert "coordinatorEpoch: 4" in text
    [aborted] = [s for s in log.segments if s.path(".txnindex").exists()]
    assert re.search(
        r"producerId: 8 firstOffset: 90 lastOffset: 91", dump(aborted.path(".txnindex"))
    )
    snapshot = max((tmp_path / "t-0").glob("*.snapshot"))
    assert re.search(r"producerId: 7 producerEpoch: 1 .*lastSequence: 89", dump(snapshot))


@pytest.mark.slow
def test_what_was_cleaned(tmp_path: Path) -> None:
    log = keyed(tmp_path / "t-0")
    cleaned(log)
    for segment in log.segments:
        text = dump(segment.path(".log"), "--deep-iteration")
        assert "isvalid: false" not in text
        assert "Found" not in dump(segment.path(".index"))


@pytest.mark.slow
def test_what_was_cleaned_of_transactions_and_codecs(tmp_path: Path) -> None:
    draw = random.Random(3)
    log = open_at(tmp_path / "t-0", COMPACT)
    writers = Writers(log, draw)
    for _ in range(8):
        for _ in range(20):
            writers.step()
        log.roll()
        writers.now += 60
        cleaned(log, writers.now)
    offsets = [
        record.offset for _, batch in log.batches() for record in records.read_records(batch)
    ]
    log.close(writers.now)
    kinds = (".log", ".index", ".timeindex", ".txnindex")
    paths = [segment.path(kind) for segment in log.segments for kind in kinds]
    files = ",".join(str(path) for path in paths if path.exists())
    text = run_tool("DumpLogSegments", "--deep-iteration", "--print-data-log", "--files", files)
    assert "isvalid: false" not in text
    assert "Mismatches" not in text
    assert "Found" not in text
    for kind in ("GZIP", "SNAPPY", "LZ4", "ZSTD"):
        assert f"compresscodec: {kind.lower()}" in text.lower()
    assert "deleteHorizonMs: OptionalLong[" in text
    assert "endTxnMarker: ABORT" in text
    there = [int(offset) for offset in re.findall(r"^\| offset: (\d+)", text, re.MULTILINE)]
    assert there == offsets
