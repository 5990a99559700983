"""The records of `__consumer_offsets`: bytes that Apache Kafka wrote, and there and back."""

from __future__ import annotations

import contextlib
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.groups.records import decode, encode
from broker.groups.records.classic import (
    GroupKey,
    GroupValue,
    MemberValue,
    OffsetKey,
    OffsetValue,
)
from broker.groups.records.consumer import (
    ClassicMember,
    ClassicProtocol,
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
    TopicPartitions,
)
from broker.owners import java_hash, partition_for
from broker.sansio import Record
from broker.schema import Damaged

TEXT = st.text(max_size=8)
INT32 = st.integers(-(2**31), 2**31 - 1)
INT64 = st.integers(-(2**63), 2**63 - 1)
BLOB = st.binary(max_size=8)
MAYBE = st.none() | TEXT
IDS = st.builds(lambda data: UUID(bytes=data), st.binary(min_size=16, max_size=16))
NUMBERS = st.lists(INT32, max_size=3).map(tuple)
PARTITIONS = st.builds(TopicPartitions, IDS, NUMBERS)
OWNED = st.builds(TopicPartitions, IDS, NUMBERS, st.none() | NUMBERS)
EXPIRING = st.builds(OffsetValue, INT64, st.just(-1), TEXT, INT64, st.integers(0, 2**40))
LASTING = st.builds(OffsetValue, INT64, INT32, TEXT, INT64, st.just(-1), IDS)
MEMBERS = st.builds(MemberValue, TEXT, TEXT, TEXT, INT32, BLOB, BLOB, MAYBE, INT32)
CLASSIC = st.builds(
    ClassicMember, INT32, st.lists(st.builds(ClassicProtocol, TEXT, BLOB), max_size=2).map(tuple)
)


def many(each: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(each, max_size=3).map(tuple)


ENTRIES = st.one_of(
    st.tuples(st.builds(OffsetKey, TEXT, TEXT, INT32), EXPIRING | LASTING),
    st.tuples(
        st.builds(GroupKey, TEXT),
        st.builds(GroupValue, TEXT, INT32, MAYBE, MAYBE, INT64, many(MEMBERS)),
    ),
    st.tuples(st.builds(EpochKey, TEXT), st.builds(EpochValue, INT32, INT64)),
    st.tuples(
        st.builds(SubscriptionKey, TEXT, TEXT),
        st.builds(
            SubscriptionValue,
            MAYBE,
            MAYBE,
            TEXT,
            TEXT,
            many(TEXT),
            MAYBE,
            INT32,
            MAYBE,
            st.none() | CLASSIC,
        ),
    ),
    st.tuples(st.builds(TargetEpochKey, TEXT), st.builds(TargetEpochValue, INT32, INT64)),
    st.tuples(st.builds(TargetKey, TEXT, TEXT), st.builds(TargetValue, many(PARTITIONS))),
    st.tuples(
        st.builds(CurrentKey, TEXT, TEXT),
        st.builds(CurrentValue, INT32, INT32, st.integers(0, 2), many(OWNED), many(OWNED)),
    ),
    st.tuples(st.builds(RegexKey, TEXT, TEXT), st.builds(RegexValue, many(TEXT), INT64, INT64)),
)


@given(ENTRIES)
def test_what_is_written_is_read(entry: tuple[Any, Any]) -> None:
    key, value = entry
    assert decode(encode(key, value)) == (key, value)
    assert decode(encode(key, None)) == (key, None)


@given(ENTRIES, st.data())
def test_what_is_cut_short_is_damaged(entry: tuple[Any, Any], data: st.DataObject) -> None:
    record = encode(*entry)
    assert record.value is not None
    cut = data.draw(st.integers(0, len(record.value) - 1))
    with pytest.raises(Damaged):
        decode(Record(record.key, record.value[:cut]))


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_are_a_record_or_none(key: bytes, value: bytes) -> None:
    with contextlib.suppress(Damaged):
        decode(Record(key, value))


def test_kinds_that_are_not_known_are_passed_over() -> None:
    assert decode(Record(b"\x00\x0b\x00\x01g", b"\x00\x00")) is None


def test_version_zero_of_an_offset_s_key_is_the_same() -> None:
    record = encode(OffsetKey("g", "t", 1), None)
    assert decode(Record(b"\x00\x00" + record.key[2:], None)) == (OffsetKey("g", "t", 1), None)


def test_an_expiry_is_written_as_of_old() -> None:
    value = OffsetValue(5, 7, "m", 1, 9)
    record = encode(OffsetKey("g", "t", 0), value)
    assert record.value is not None
    assert record.value[:2] == b"\x00\x01"
    assert decode(record) == (OffsetKey("g", "t", 0), OffsetValue(5, -1, "m", 1, 9))


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0), ("a", 97), ("group", 98629247), ("polygenelubricants", -(2**31)), ("😀", 1772899)],
)
def test_hashes_are_java_s(text: str, value: int) -> None:
    assert java_hash(text) == value


def test_the_least_hash_belongs_to_the_first_partition() -> None:
    assert partition_for("polygenelubricants", 50) == 0
    assert partition_for("group", 50) == 47
