"""Which partition of a coordinator's topic a group or a transactional id belongs to.

Its records are all in one partition, and whoever leads that partition is its coordinator: the
absolute value of the Java hash of its name, modulo the number of partitions.
"""

from __future__ import annotations

from collections.abc import Iterable

from broker.errors import ErrorCode, Refused

LONGEST = 16_000
"""Bytes of a name: a record's key has an int16 for its length, and an id is longer than a name."""


def check_lengths(values: Iterable[object]) -> None:
    """Refuse a request with a name, or an id, that no record could have for its key."""
    for value in values:
        if isinstance(value, str) and 4 * len(value) > LONGEST < len(value.encode()):
            raise Refused(ErrorCode.INVALID_REQUEST)


def java_hash(text: str) -> int:
    """Java's String.hashCode: over UTF-16 units, in 32 bits with a sign."""
    units = text.encode("utf-16-be", "surrogatepass")
    value = 0
    for high, low in zip(units[::2], units[1::2], strict=True):
        value = (31 * value + (high << 8 | low)) & 0xFFFF_FFFF
    return value - (1 << 32) if value >> 31 else value


def partition_for(name: str, partitions: int) -> int:
    """The partition of a coordinator's topic that a group or a transactional id belongs to."""
    value = java_hash(name)
    return 0 if value == -(1 << 31) else abs(value) % partitions
