"""States in words: in Python and in C, of every type, and with every width."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from checker.engines.native.words import WORD, Codec, Component, Room, Rooms
from checker.errors import EngineError
from checker.language.ir import Apply, Assign, Const, Get, Listed, Op, Var
from checker.language.machine import Snapshot
from checker.language.types import (
    BOOL,
    INTEGER,
    IndexType,
    IntType,
    MapType,
    PartType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)
from tests.checker.engines.native_tasks import Task, agree, valued
from tests.checker.engines.typed import (
    Node,
    Place,
    Some1,
    Some2,
    Some3,
    parts,
    values,
    values_types,
)
from tests.fuzz import compiled

LONG = IntType(-(1 << 62), 1 << 62)
ALMOST = IntType(0, (1 << 62) - 1)


def state_of(*kinds: Type) -> PartType:
    return PartType(Place, tuple((f"f{n}", kind) for n, kind in enumerate(kinds)))


def states(kinds: st.SearchStrategy[Type]) -> st.SearchStrategy[Any]:
    """A type of states with some fields, and two of them."""
    several = st.lists(kinds, min_size=1, max_size=4).map(lambda some: state_of(*some))
    return several.flatmap(lambda kind: st.tuples(st.just(kind), values(kind), values(kind)))


def wide() -> st.SearchStrategy[Type]:
    """Types of about the width of a word, or of none."""
    node = IndexType(Node, 1)
    pair = RecordType(Some2, (("a", LONG), ("b", BOOL)))
    some: list[Type] = [
        LONG, ALMOST, IntType(3, 3), node, BOOL, RecordType(Some1, (("a", node),)),
        RecordType(Some2, (("a", ALMOST), ("b", IntType(0, 1)))),
        RecordType(Some3, (("a", node), ("b", LONG), ("c", BOOL))),
        UnionType((RecordType(Some1, (("a", ALMOST),)), pair)),
        SetType(IntType(-30, 32), 63), SetType(IntType(-30, 33), 64), SetType(IntType(0, 64), 3),
        MapType(IndexType(Node, 5), IntType(0, 8_000)), MapType(IndexType(Node, 3), LONG),
        SeqType(IntType(0, 2_000_000), 4), SeqType(LONG, 3), MapType(BOOL, node),
    ]  # fmt: skip
    return st.sampled_from(some)


@given(states(values_types() | wide()))
def test_a_state_is_its_words(drawn: tuple[PartType, Snapshot, Snapshot]) -> None:
    kind, a, b = drawn
    codec = Codec(Rooms(), kind)
    one, other = codec.pack(a), codec.pack(b)
    assert (codec.unpack(one), codec.unpack(other)) == (a, b)
    assert (one == other) == (a == b)
    assert all(0 <= word < 1 << WORD for word in one)
    assert len(one) == codec.words
    assert one[0] & 1, "a word of zeros is a free slot"


def scalars(room: Room, start: int) -> Iterator[tuple[int, int]]:
    """Where the scalars of a room lie, from which bit to which."""
    inside: list[tuple[Room, int]] = []
    if room.row is not None:
        row = room.row
        for n in range(row.count):
            word, place = divmod(n, row.per_word)
            large = row.item.words * WORD * n
            inside.append((row.item, large or word * WORD + place * row.item.width))
    inside += [(c.room, c.word * WORD + c.bit) for c in room.components]
    if not inside:
        yield start, start + room.width
    for inner, at in inside:
        yield from scalars(inner, start + at)


@given(values_types() | wide() | parts())
def test_no_scalar_crosses_from_one_word_into_the_next(kind: Type) -> None:
    for begin, end in scalars(Rooms().state(state_of(kind)), 0):
        assert begin == end or begin // WORD == (end - 1) // WORD


def test_an_integer_that_no_word_holds_is_told() -> None:
    with pytest.raises(EngineError, match="too large for the native engine; the python engine"):
        Rooms().of(IntType(0, 1 << 63))


def test_an_integer_without_bounds_is_never_stored() -> None:
    with pytest.raises(TypeError, match="int is never stored"):
        Rooms().of(INTEGER)


def test_a_room_knows_its_components_by_name() -> None:
    room = Rooms().of(RecordType(Some2, (("a", LONG), ("b", BOOL))))
    assert room.component("b") == Component("b", Room(BOOL, 1), 1, 0)
    with pytest.raises(KeyError):
        room.component("c")


# ---------------------------------------------------------------- in C


@pytest.fixture
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with compiled.quickly(tmp_path_factory.getbasetemp()):
        yield


def tasks_of(kind: PartType, a: Snapshot, b: Snapshot) -> Iterator[Task]:
    """What is done with each field: copied, written, compared, put in order."""
    whole = Var(kind, None, "self")
    copied = [
        Assign(None, Get(k, None, whole, n), Const(k, None, getattr(b, n))) for n, k in kind.fields
    ]
    yield Task(tuple(copied), a, kind)
    for name, own in kind.fields:
        field, other = Get(own, None, whole, name), Const(own, None, getattr(b, name))
        yield valued(field, a, kind)
        yield valued(Apply(BOOL, None, Op.EQ, (field, other)), a, kind)
        pair = SetType(own, SetType(own, 0).bits or 2)
        yield valued(Listed(pair, None, (field, other)), a, kind)  # in ascending order


@pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)
@pytest.mark.usefixtures("quick")
def test_values_are_the_same_in_c() -> None:
    tasks: list[Task] = []

    @given(states(values_types() | wide()))
    @settings(max_examples=80, phases=[Phase.generate])
    def draw(drawn: tuple[PartType, Snapshot, Snapshot]) -> None:
        tasks.extend(tasks_of(*drawn))

    draw()
    agree(tasks)
