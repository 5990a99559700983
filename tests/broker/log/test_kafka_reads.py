"""Apache Kafka's own DumpLogSegments reads the files of a log, and finds nothing wrong."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from broker.wire import batches, records
from tests.broker.jars import run_tool
from tests.broker.log.shelf import open_at, put, put_batch
from tests.broker.log.test_cleaner import cleaned, keyed


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
