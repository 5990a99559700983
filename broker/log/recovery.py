"""Opening a log: what its files say, and what is made of them where nobody closed it.

Closed (the directory has its marker): segments and indexes are as they were left, the producers
come from the snapshot of the log's end.

Not closed: from the segment of the recovery point on, every batch is read.  The first that is cut
short, damaged or out of order ends the log; what is after it goes.  Indexes, leader epochs and
producers are built again from what is left.  An index that is missing or of an odd length is built
again either way.

What is left of a cleaning: `.cleaned` was not finished and goes; `.swap` was, and takes its place.
"""

from __future__ import annotations

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
    Segment,
    named,
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
    try:
        return _opened(disk, folder, settings, None if clean else recovery_point, start_offset)
    except Corrupt:
        # It was said to be closed, and is not sound at its end.
        return _opened(disk, folder, settings, recovery_point, start_offset)


def _opened(
    disk: Disk, folder: Path, settings: LogSettings, doubtful: int | None, start_offset: int
) -> Log:
    """The log, read from an offset on; None: nothing of it is to be read."""
    log = Log(disk, folder, settings)
    bases = [int(name[: -len(LOG)]) for name in disk.names(folder) if name.endswith(LOG)]
    known = [disk.exists(folder / named(base, INDEX)) for base in bases]
    log.set_segments([Segment(disk, folder, base) for base in bases])
    if not log.segments:
        log.add_segment(Segment(disk, folder, start_offset))
    log.epochs = _epochs(disk, folder)
    rebuilt = _rebuild_what_is_doubtful(log, doubtful, known)
    _find_ends(log, start_offset)
    log.recovery_point = log.end_offset if doubtful is None else min(doubtful, log.end_offset)
    _load_producers(log, rebuilt)
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
        odd = not (segment.index.whole and segment.time_index.whole)
        if not (torn or odd or (known and not known[number])):
            continue
        rebuilt = segment.base_offset if rebuilt is None else rebuilt
        if not _rebuild(log, segment):
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
        if name.endswith(LOG + SWAP):
            _finish_swap(disk, folder, int(name[: -len(LOG + SWAP)]))
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
        stem, _, kind = name.partition(".")
        if f".{kind}" in SUFFIXES and base <= int(stem) < end:
            disk.remove(folder / name)
    disk.rename(folder / (named(base, LOG) + SWAP), folder / named(base, LOG))


def _epochs(disk: Disk, folder: Path) -> EpochCache:
    data = disk.load(folder / checkpoints.LEADER_EPOCHS)
    try:
        return EpochCache(checkpoints.read_epochs(data) if data else ())
    except checkpoints.Damaged:
        return EpochCache()


def _rebuild(log: Log, segment: Segment) -> bool:
    """Build a segment's indexes again; whether all of it was sound."""
    segment.restart()
    expected, end = segment.base_offset, 0
    for position, header, _ in segment.scan():
        if header.base_offset < expected:
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


def _find_ends(log: Log, start_offset: int) -> None:
    end = log.active.base_offset
    for found in log.active.headers(log.active.index.position(_ANY)):
        end = found.header.next_offset
    log.end_offset = end
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
    for segment, found in log.found(offset):
        header = found.header
        if header.base_offset < offset or header.producer_id < 0:
            continue
        batch = segment.batch(found) if header.control else b""
        ends = header.control and header.records
        if ends and rebuilt is not None and segment.base_offset >= rebuilt:
            aborted = log.producers.aborted_by(header)
            if aborted is not None and not read_marker(batch)[0]:
                segment.aborted.append(aborted)
        log.note(header, batch)


def _load_snapshot(log: Log, newest: int) -> int:
    """The offset of the snapshot that was loaded, or that of the log's first batch."""
    names = [name for name in log.disk.names(log.folder) if name.endswith(SNAPSHOT)]
    for name in reversed(names):
        at = int(name[: -len(SNAPSHOT)])
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
