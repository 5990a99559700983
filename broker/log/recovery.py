"""Opening a log: what its files say, and what is made of them where nobody closed it.

Closed (the directory has its marker): segments and indexes are as they were left, the producers
come from the snapshot of the log's end.

Not closed: from the segment of the recovery point on, every batch is read.  The first that is cut
short, damaged or out of order ends the log; what is after it goes.  Indexes, leader epochs and
producers are built again from what is left.  An index that is missing, or cannot be that of its
log, is built again either way; so are leader epochs that cannot be read.

What is left of a cleaning: `.cleaned` was not finished and goes; `.swap` was, and takes its place.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from broker.log import checkpoints, snapshots
from broker.log.epochs import EpochCache
from broker.log.files import Disk
from broker.log.log import SNAPSHOT, Log
from broker.log.segment import (
    CLEANED,
    DELETED,
    INDEX,
    LOG,
    SUFFIXES,
    SWAP,
    TIME_INDEX,
    Found,
    Segment,
    named,
    offset_of,
)
from broker.log.settings import LogSettings
from broker.wire.batches import Corrupt
from broker.wire.records import read_marker

_ANY = 1 << 62


def open_log(
    disk: Disk,
    folder: Path,
    settings: LogSettings,
    *,
    clean: bool,
    recovery_point: int = 0,
    start_offset: int = 0,
) -> Log:
    """The log in a folder, which is made where it is not there.

    clean           whether it was closed
    recovery_point  up to where it surely outlived the machine
    start_offset    where it started when that was last written down
    """
    disk.make_folder(folder)
    _tidy(disk, folder)
    doubtful = None if clean else recovery_point
    try:
        log = _opened(disk, folder, settings, doubtful, start_offset)
    except Corrupt:
        # It was said to be closed, and is not sound at its end.
        log = _opened(disk, folder, settings, recovery_point, start_offset)
    if log.end_offset < recovery_point and not clean:
        # What is written down is of another log, or files are missing: it is not believed.
        log.abandon()
        log = _opened(disk, folder, settings, 0, start_offset)
    log.missing = max(0, recovery_point - log.end_offset)
    return log


def _opened(
    disk: Disk, folder: Path, settings: LogSettings, doubtful: int | None, start_offset: int
) -> Log:
    """The log, read from an offset on; None: nothing of it is to be read."""
    log = Log(disk, folder, settings)
    bases = [base for name in disk.names(folder) if (base := offset_of(name, LOG)) is not None]
    known = [
        all(disk.exists(folder / named(base, kind)) for kind in (INDEX, TIME_INDEX))
        for base in bases
    ]
    log.set_segments([Segment(disk, folder, base) for base in bases])
    if not log.segments:
        log.add_segment(Segment(disk, folder, start_offset))
    epochs = _epochs(disk, folder)
    log.epochs = epochs or EpochCache()
    try:
        rebuilt = _rebuild_what_is_doubtful(log, doubtful, known)
        _drop_leftovers(log)
        _find_ends(log, start_offset)
        if epochs is None:
            _read_epochs(log)
        log.recovery_point = log.end_offset if doubtful is None else min(doubtful, log.end_offset)
        _load_producers(log, rebuilt)
    except (Corrupt, OSError):
        log.abandon()
        raise
    return log


def _rebuild_what_is_doubtful(log: Log, doubtful: int | None, known: list[bool]) -> int | None:
    """Read segments whose files may be wrong; the base offset of the first that was read.

    doubtful  the offset that all is doubtful from; None: nothing is
    known     whether each segment has an index
    """
    rebuilt = None
    for number, segment in enumerate(log.segments):
        last = number + 1 == len(log.segments)
        torn = doubtful is not None and (last or log.next_base(number) > doubtful)
        if not torn and segment.indexed and (not known or known[number]):
            continue
        rebuilt = segment.base_offset if rebuilt is None else rebuilt
        if not torn:
            _index_again(log, segment)
        elif not _rebuild(log, segment):
            for later in log.segments[number + 1 :]:
                log.cut += later.size
                later.remove()
            log.set_segments(log.segments[: number + 1])
            break
    return rebuilt


def _tidy(disk: Disk, folder: Path) -> None:
    for name in disk.names(folder):
        if name.endswith((DELETED, CLEANED, ".tmp")):
            disk.remove(folder / name)
    for name in disk.names(folder):
        base = offset_of(name, LOG + SWAP)
        if base is not None:
            _finish_swap(disk, folder, base)
    for name in disk.names(folder):
        if name.endswith(SWAP):
            disk.remove(folder / name)


def _finish_swap(disk: Disk, folder: Path, base: int) -> None:
    """Put a cleaned segment in the place of all that it was made from.

    How far that had come is not known; the indexes are built again from the log.
    """
    made = Segment(disk, folder, base, SWAP)
    end = max((found.header.next_offset for found in made.headers()), default=base + 1)
    made.close()
    for name in disk.names(folder):
        offsets = (offset_of(name, kind) for kind in SUFFIXES)
        if any(offset is not None and base <= offset < end for offset in offsets):
            disk.remove(folder / name)
    disk.rename(folder / (named(base, LOG) + SWAP), folder / named(base, LOG))


def _epochs(disk: Disk, folder: Path) -> EpochCache | None:
    """The leader epochs that were written down; None where none can be read."""
    data = disk.load(folder / checkpoints.LEADER_EPOCHS)
    try:
        return None if data is None else EpochCache(checkpoints.read_epochs(data))
    except checkpoints.Damaged:
        return None


def _read_epochs(log: Log) -> None:
    """Learn the leader epochs from the batches; the next leader's has to be larger than all."""
    log.epochs = EpochCache()
    for _, found in _readable(log, log.segments[0].base_offset):
        if found.header.leader_epoch > log.epochs.latest:
            log.epochs.assign(found.header.leader_epoch, found.header.base_offset)
    if log.epochs.entries:
        log.save_epochs()


def _index_again(log: Log, segment: Segment) -> None:
    """Build the indexes of a segment again whose batches are not doubtful."""
    segment.restart()
    with contextlib.suppress(Corrupt):
        for found in segment.headers():
            if not segment.may_hold(found.header):
                break
            segment.note(found.header, found.position, log.settings.index_interval_bytes)
    segment.seal()


def _rebuild(log: Log, segment: Segment) -> bool:
    """Cut a segment where it is not sound, and build its indexes again; whether all of it was."""
    segment.restart()
    expected, end = segment.base_offset, 0
    for position, header, _ in segment.scan():
        if header.base_offset < expected or not segment.may_hold(header):
            break
        segment.note(header, position, log.settings.index_interval_bytes)
        if header.leader_epoch > log.epochs.latest:
            log.epochs.assign(header.leader_epoch, header.base_offset)
        expected, end = header.next_offset, position + header.size
    sound = end == segment.size
    if not sound:
        log.cut += segment.size - end
        segment.truncate(end, expected)
    segment.seal()
    return sound


def _readable(log: Log, offset: int) -> Iterator[tuple[Segment, Found]]:
    """The batches from an offset on, less what follows damage in a segment that was flushed.

    Whoever reads there is told; others are served.
    """
    for number, segment in enumerate(log.segments):
        if log.next_base(number) > offset:
            with contextlib.suppress(Corrupt):
                for found in segment.since(offset):
                    if found.header.last_offset >= offset:
                        yield segment, found


def _end(segment: Segment) -> int:
    end = segment.base_offset
    for found in segment.since(_ANY):
        end = found.header.next_offset
    return end


def _drop_leftovers(log: Log) -> None:
    """Let go of empty segments at the end that the one before has outgrown: they were not made."""
    while len(log.segments) > 1 and not log.active.size:
        if _end(log.segments[-2]) <= log.active.base_offset:
            return
        log.active.remove()
        log.set_segments(log.segments[:-1])


def _find_ends(log: Log, start_offset: int) -> None:
    log.end_offset = end = _end(log.active)
    log.active.reopen()
    log.start_offset = max(log.segments[0].base_offset, min(start_offset, end))
    log.epochs.truncate_end(end)
    log.epochs.truncate_start(log.start_offset)


def _load_producers(log: Log, rebuilt: int | None) -> None:
    """Start from the newest snapshot that can be read, and go through the batches since.

    rebuilt  from which offset on aborted transactions are to be noted again
    """
    newest = log.end_offset if rebuilt is None else rebuilt
    offset = _load_snapshot(log, newest)
    for segment in log.segments:
        if rebuilt is not None and segment.base_offset >= rebuilt:
            segment.aborted.clear()
    for segment, found in _readable(log, offset):
        header = found.header
        if header.base_offset < offset or header.producer_id < 0:
            continue
        batch = segment.batch(found) if header.control else b""
        with contextlib.suppress(Corrupt):
            ends = header.control and header.records
            if ends and rebuilt is not None and segment.base_offset >= rebuilt:
                aborted = log.producers.aborted_by(header)
                if aborted is not None and not read_marker(batch)[0]:
                    segment.aborted.append(aborted)
            log.note(header, batch)


def _load_snapshot(log: Log, newest: int) -> int:
    """The offset of the snapshot that was loaded, or that of the log's first batch."""
    for name in reversed(log.disk.names(log.folder)):
        at = offset_of(name, SNAPSHOT)
        if at is None:
            continue
        data = log.disk.load(log.folder / name)
        if log.segments[0].base_offset <= at <= newest and data is not None:
            try:
                log.producers.restore(snapshots.read(data))
            except snapshots.Damaged:
                pass
            else:
                return at
        log.disk.remove(log.folder / name)
    return log.segments[0].base_offset
