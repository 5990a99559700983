"""Checkpoints: small text files of numbers that a broker starts from.

    0                         the format's version
    2                         how many lines follow
    topic 0 1234              partition and offset: recovery point, log start, what is clean
    3 900                     leader epoch and its first offset: leader-epoch-checkpoint

What cannot be read is `Damaged`; who asked goes on without it, for all that a checkpoint says is
in the logs too, or was there when it was written.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

VERSION = 0

RECOVERY_POINTS = "recovery-point-offset-checkpoint"
LOG_STARTS = "log-start-offset-checkpoint"
CLEANED = "cleaner-offset-checkpoint"
HIGH_WATERMARKS = "replication-offset-checkpoint"
LEADER_EPOCHS = "leader-epoch-checkpoint"


class Damaged(ValueError):  # noqa: N818 - what the file is
    """A file that is no checkpoint."""


def _write(lines: Iterable[str]) -> bytes:
    found = list(lines)
    return "".join(f"{line}\n" for line in (VERSION, len(found), *found)).encode()


def _read(data: bytes) -> list[list[str]]:
    try:
        version, count, *lines = data.decode().splitlines()
        if int(version) != VERSION or int(count) != len(lines):
            raise Damaged(f"{count} lines of version {version} are promised, {len(lines)} found")
    except ValueError as error:
        raise Damaged(f"no checkpoint: {error}") from error
    return [line.split() for line in lines]


def write_offsets(offsets: Mapping[tuple[str, int], int]) -> bytes:
    """An offset for each of some partitions."""
    return _write(
        f"{topic} {partition} {offset}" for (topic, partition), offset in sorted(offsets.items())
    )


def read_offsets(data: bytes) -> dict[tuple[str, int], int]:
    """The offset of each partition that is named."""
    try:
        return {(topic, int(n)): int(offset) for topic, n, offset in _read(data)}
    except ValueError as error:
        raise Damaged(f"no checkpoint of offsets: {error}") from error


def write_epochs(epochs: Iterable[tuple[int, int]]) -> bytes:
    """Leader epochs, each with its first offset."""
    return _write(f"{epoch} {start}" for epoch, start in epochs)


def read_epochs(data: bytes) -> list[tuple[int, int]]:
    """Leader epochs, each with its first offset."""
    try:
        return [(int(epoch), int(start)) for epoch, start in _read(data)]
    except ValueError as error:
        raise Damaged(f"no checkpoint of epochs: {error}") from error
