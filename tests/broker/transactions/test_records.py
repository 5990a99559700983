"""The records of `__transaction_state`: there and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.sansio import Record
from broker.schema import Damaged
from broker.transactions.records import decode, encode
from broker.transactions.transaction import Metadata, State

IDS = st.integers(-1, 2**63 - 1)
TIMES = st.integers(-1, 2**60)
STATES = st.sampled_from([state for state in State if state is not State.EMPTY])
PARTITIONS = st.frozensets(st.tuples(st.text(max_size=5), st.integers(0, 9)), max_size=4)
METADATA = st.builds(
    Metadata, IDS, st.integers(-1, 2**15 - 1), st.integers(0, 2**31 - 1), STATES, TIMES, TIMES,
    PARTITIONS, IDS, IDS, st.just(-1), st.integers(0, 2),
)  # fmt: skip


@given(st.text(max_size=8), METADATA)
def test_what_is_written_is_read(name: str, metadata: Metadata) -> None:
    assert decode(encode(name, metadata)) == (name, metadata)
    assert decode(encode(name, None)) == (name, None)


@given(METADATA, st.data())
def test_what_is_cut_short_is_damaged(metadata: Metadata, data: st.DataObject) -> None:
    record = encode("x", metadata)
    assert record.value is not None
    cut = data.draw(st.integers(0, len(record.value) - 1))
    with pytest.raises(Damaged):
        decode(Record(record.key, record.value[:cut]))


def test_an_empty_transaction_has_no_partitions_rather_than_none() -> None:
    empty = Metadata(1, 0, 60_000, State.EMPTY, 5)
    assert decode(encode("x", empty)) == ("x", empty)


def test_a_state_that_is_none_is_damage() -> None:
    record = encode("x", Metadata(1, 0, 60_000, State.DEAD, 5))
    assert record.value is not None
    with pytest.raises(Damaged, match="state 9"):
        decode(Record(record.key, record.value.replace(b"\x06", b"\x09", 1)))
    with pytest.raises(Damaged, match="version 2"):
        decode(Record(record.key, b"\x00\x02" + record.value[2:]))


def test_kinds_that_are_not_known_are_passed_over() -> None:
    assert decode(Record(b"\x00\x07\x00\x01x", None)) is None
