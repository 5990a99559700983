"""Layouts: equal values have equal bits, in the order of values, and every width is exact."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import Bag, Map, Seq, Set
from checker.engines.layout import Layout, layout
from checker.language.types import (
    BOOL,
    INTEGER,
    BagType,
    CollectionType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    SeqType,
    SetType,
    StructType,
    Type,
    UnionType,
    contains,
)
from checker.language.values import freeze, order
from tests.checker.engines.typed import (
    Node,
    None0,
    Some1,
    dense_types,
    parts,
    values,
    values_types,
)


def width(kind: Type) -> int:
    """Bits of a type, by what the module's theory says."""
    if kind.count is not None:
        return (kind.count - 1).bit_length()
    match kind:
        case IntType(low=int(low), high=int(high)):
            return (high - low).bit_length()
        case StructType(fields=fields):
            return sum(width(own) for _, own in fields)
        case OptionType(item):
            return 1 + width(item)
        case UnionType(options):
            return (len(options) - 1).bit_length() + max(map(width, options))
        case MapType(key, value):
            return (key.count or 0) * width(value)
        case SetType(item) if kind.bits is not None:
            return item.count or 0
        case CollectionType(item, capacity):
            slot = width(item) + 1 if item.count is None else item.count.bit_length()
            return capacity * slot
    raise TypeError(kind)


pairs = values_types().flatmap(lambda kind: st.tuples(st.just(kind), values(kind), values(kind)))


@given(pairs)
def test_bits_are_a_value_and_its_order(drawn: tuple[Type, Any, Any]) -> None:
    kind, a, b = drawn
    made = layout(kind)
    one, other = made.pack(a), made.pack(b)
    assert contains(kind, made.unpack(one))
    assert (made.unpack(one), made.unpack(other)) == (a, b)
    assert 0 <= one <= made.mask
    assert (one == other) == (a == b)
    assert (one < other) == (order(a) < order(b))


@given(values_types() | parts())
def test_widths_are_exact(kind: Type) -> None:
    assert layout(kind).width == width(kind)


@given(parts().flatmap(lambda kind: st.tuples(st.just(kind), values(kind), values(kind))))
def test_parts_are_packed_field_by_field(drawn: tuple[Type, Any, Any]) -> None:
    kind, a, b = drawn
    made = layout(kind)
    assert made.unpack(made.pack(a)) == a
    assert 0 <= made.pack(a) <= made.mask
    assert (made.pack(a) == made.pack(b)) == (a == b)
    for slot in made.slots:
        assert made.pack(a) >> slot.shift & slot.layout.mask == slot.layout.pack(
            getattr(a, slot.name)
        )


@given(dense_types())
def test_dense_types_are_numbered_in_order(kind: Type) -> None:
    listed = list(kind.universe())
    assert len(listed) == len(set(listed)) == kind.count
    assert [kind.number(value) for value in listed] == list(range(len(listed)))
    assert sorted(listed, key=order) == listed
    made = layout(kind)
    assert [made.pack(value) for value in listed] == list(range(len(listed)))
    assert made.values() == listed


@given(values_types().filter(lambda kind: (kind.choices or 1 << 20) <= 500))
def test_a_universe_has_every_value_once_in_order(kind: Type) -> None:
    listed = list(kind.universe())
    assert len(listed) == len(set(listed)) == kind.choices
    assert sorted(listed, key=order) == listed
    assert all(contains(kind, value) for value in listed)


NODES = IndexType(Node, 70)
MANY = SetType(NODES, 2)


@pytest.mark.parametrize(
    ("kind", "value", "packed"),
    [
        (IntType(-3, 3), -3, 0),
        (IntType(-3, 3), 3, 6),
        (IntType(5, 5), 5, 0),
        (OptionType(BOOL), None, 0),
        (OptionType(BOOL), True, 2),
        (SeqType(BOOL, 3), Seq([True, False]), 0b10_01_00),
        (SetType(IntType(-1, 1), 3), Set({-1, 1}), 0b101),
        (MANY, Set({Node(0), Node(69)}), 70 << 7 | 1),
        (MapType(BOOL, IntType(1, 4)), Map({False: 2, True: 4}), 0b01_11),
    ],
)
def test_some_bits_by_hand(kind: Type, value: Any, packed: int) -> None:
    assert layout(kind).pack(freeze(value)) == packed
    assert layout(kind).unpack(packed) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (IntType(0, 3), 4),
        (IntType(0, 3), -1),
        (NODES, Node(70)),
        (UnionType(()), None0()),
        (SeqType(BOOL, 1), Seq([True, True])),
    ],
)
def test_what_is_no_value_of_the_type_has_no_bits(kind: Type, value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each form has words of its own
        layout(kind).pack(freeze(value))


def test_an_integer_without_bounds_is_never_stored() -> None:
    with pytest.raises(TypeError, match="never stored"):
        layout(INTEGER)
    with pytest.raises(TypeError, match="no layout"):
        Layout(Type(), 0).pack(0)
    with pytest.raises(TypeError, match="no layout"):
        Layout(Type(), 0).unpack(0)


def test_a_struct_has_no_slot_that_is_no_field() -> None:
    made = layout(StructType(Some1, (("a", BOOL),)))
    assert made.slot("a").shift == 0
    with pytest.raises(KeyError):
        made.slot("b")


def test_equal_bags_have_equal_bits_in_whatever_order_they_were_filled() -> None:
    item = OptionType(SeqType(BOOL, 1))
    one = freeze(Bag([None, Seq([True]), Seq(), None]))
    other = freeze(Bag([Seq(), None, None, Seq([True])]))
    made = layout(BagType(item, 4))
    assert one == other
    assert made.pack(one) == made.pack(other)
