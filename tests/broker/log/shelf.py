"""Logs for tests: batches of a few records, read back as pairs."""

from __future__ import annotations

from pathlib import Path

from broker.log.files import RealDisk
from broker.log.log import Appended, Log
from broker.log.recovery import open_log
from broker.log.settings import LogSettings
from broker.wire import batches, records

SMALL = LogSettings(segment_bytes=2_000, index_interval_bytes=200)


def open_at(
    path: Path,
    settings: LogSettings = SMALL,
    *,
    clean: bool = True,
    recovery_point: int = 0,
    start_offset: int = 0,
) -> Log:
    return open_log(
        RealDisk(),
        path,
        settings,
        clean=clean,
        recovery_point=recovery_point,
        start_offset=start_offset,
    )


def put(
    log: Log, count: int = 3, now: int = 1000, epoch: int = 0, size: int = 50, **more: int
) -> Appended:
    """Append a batch of so many records."""
    pairs = [(b"k%d" % n, bytes(size)) for n in range(count)]
    return put_batch(log, records.build(pairs, now, **more), now, epoch)


def put_batch(log: Log, batch: bytearray, now: int = 1000, epoch: int = 0) -> Appended:
    view = memoryview(batch)
    return log.append(view, batches.read_header(view), now, epoch)


def offsets(log: Log) -> list[int]:
    """Of all records."""
    return [record.offset for _, batch in log.batches() for record in records.read_records(batch)]
