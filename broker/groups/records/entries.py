"""Which record is which: the kinds of keys, and from values to bytes and back.

A key's first two bytes say what kind of record it is.  0 and 1 are both an offset's (the same
layout; 1 is written).  Kinds that this broker knows nothing of (share and streams groups) are
passed over by a reader, as Kafka passes over what a later version wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from broker.groups.records import classic, consumer
from broker.groups.records.classic import GroupKey, GroupValue, OffsetKey, OffsetValue
from broker.groups.records.consumer import (
    CurrentKey,
    CurrentValue,
    EpochKey,
    EpochValue,
    RegexKey,
    RegexValue,
    SubscriptionKey,
    SubscriptionValue,
    TargetEpochKey,
    TargetEpochValue,
    TargetKey,
    TargetValue,
    TopicsKey,
    TopicsValue,
)
from broker.sansio import Record
from broker.schema import INT16, Damaged, Reader, Schema

Key = (
    OffsetKey
    | GroupKey
    | EpochKey
    | TopicsKey
    | SubscriptionKey
    | TargetEpochKey
    | TargetKey
    | CurrentKey
    | RegexKey
)

Value = (
    OffsetValue
    | GroupValue
    | EpochValue
    | TopicsValue
    | SubscriptionValue
    | TargetEpochValue
    | TargetValue
    | CurrentValue
    | RegexValue
)


@dataclass(frozen=True)
class Kind:
    """One kind of record.

    newest  the last version of the value that can be read
    """

    number: int
    key: Schema[Any]
    value: Schema[Any]
    newest: int = 0


OFFSET = Kind(1, classic.OFFSET_KEY, classic.OFFSET_VALUE, newest=4)

KINDS: dict[type, Kind] = {
    OffsetKey: OFFSET,
    GroupKey: Kind(2, classic.GROUP_KEY, classic.GROUP_VALUE, newest=4),
    EpochKey: Kind(3, consumer.EPOCH_KEY, consumer.EPOCH_VALUE),
    TopicsKey: Kind(4, consumer.TOPICS_KEY, consumer.TOPICS_VALUE),
    SubscriptionKey: Kind(5, consumer.SUBSCRIPTION_KEY, consumer.SUBSCRIPTION_VALUE),
    TargetEpochKey: Kind(6, consumer.TARGET_EPOCH_KEY, consumer.TARGET_EPOCH_VALUE),
    TargetKey: Kind(7, consumer.TARGET_KEY, consumer.TARGET_VALUE),
    CurrentKey: Kind(8, consumer.CURRENT_KEY, consumer.CURRENT_VALUE),
    RegexKey: Kind(16, consumer.REGEX_KEY, consumer.REGEX_VALUE),
}

BY_NUMBER = {kind.number: kind for kind in KINDS.values()} | {0: OFFSET}


def encode(key: Key, value: Value | None) -> Record:
    """The record that says that `key` is `value`, or is no more."""
    kind = KINDS[type(key)]
    if value is None:
        return Record(kind.key.encode(key, kind.number), None)
    version = value.version if isinstance(value, OffsetValue | GroupValue) else 0
    return Record(kind.key.encode(key, kind.number), kind.value.encode(value, version))


def decode(record: Record) -> tuple[Key, Value | None] | None:
    """What a record says; None for a kind that is not known, `Damaged` for one that is broken."""
    data = Reader(record.key)
    kind = BY_NUMBER.get(INT16.read(data, 0, flexible=False))
    if kind is None:
        return None
    key: Key = kind.key.decode(data, kind.number)
    if record.value is None:
        return key, None
    data = Reader(record.value)
    version = INT16.read(data, 0, flexible=False)
    if not 0 <= version <= kind.newest:
        raise Damaged(f"version {version} of a record of kind {kind.number}")
    value: Value = kind.value.decode(data, version)
    return key, value
