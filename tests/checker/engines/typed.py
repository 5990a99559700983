"""Types of every form, nested, and values of them: Hypothesis draws both."""

from __future__ import annotations

from enum import Enum
from typing import Any

from hypothesis import strategies as st

from checker import Bag, Index, Map, Part, Record, Seq, Set, Snapshot
from checker.language.types import (
    BOOL,
    DENSE_LIMIT,
    BagType,
    CollectionType,
    EnumType,
    IndexType,
    IntType,
    MapType,
    OptionType,
    PartType,
    RecordType,
    SeqType,
    SetType,
    Type,
    UnionType,
)
from checker.language.values import freeze


class One(Enum):
    ONLY = 1


class Three(Enum):
    FIRST = "b"
    SECOND = "a"
    THIRD = "c"


class Node(Index):
    pass


class Peer(Index, symmetric=True):
    pass


class None0(Record):
    pass


class Some1(Record):
    a: Any


class Some2(Record):
    a: Any
    b: Any


class Some3(Record):
    a: Any
    b: Any
    c: Any


class Place(Part):
    a: Any
    b: Any


RECORDS: tuple[tuple[type[Record], tuple[str, ...]], ...] = (
    (None0, ()), (Some1, ("a",)), (Some2, ("a", "b")), (Some3, ("a", "b", "c")),
)  # fmt: skip
MOST_KEYS = 12
"""Maps with more keys are no different, and slow to draw."""


@st.composite
def ranges(draw: st.DrawFn) -> IntType:
    low = draw(st.integers(-4, 4))
    span = draw(st.one_of(st.integers(0, 9), st.sampled_from((99, DENSE_LIMIT - 1, DENSE_LIMIT))))
    return IntType(low, low + span)


def scalars() -> st.SearchStrategy[Type]:
    return st.one_of(
        st.just(BOOL),
        ranges(),
        st.sampled_from((EnumType(One), EnumType(Three))),
        st.builds(IndexType, st.sampled_from((Node, Peer)), st.integers(1, 5)),
    )


def records(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[RecordType]:
    def of(form: tuple[type[Record], tuple[str, ...]]) -> st.SearchStrategy[RecordType]:
        cls, names = form
        kinds = st.tuples(*(inner for _ in names))
        return kinds.map(lambda some: RecordType(cls, tuple(zip(names, some, strict=True))))

    return st.sampled_from(RECORDS).flatmap(of)


def unions(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    several = st.lists(records(inner), min_size=2, max_size=3, unique_by=lambda r: r.cls.__name__)
    return several.map(lambda some: UnionType(tuple(sorted(some, key=lambda r: r.cls._declared))))


def _extended(inner: st.SearchStrategy[Type]) -> st.SearchStrategy[Type]:
    keys = inner.filter(lambda kind: kind.count is not None and kind.count <= MOST_KEYS)
    return st.one_of(
        inner.filter(lambda kind: not isinstance(kind, OptionType)).map(OptionType),
        records(inner),
        unions(inner),
        st.builds(MapType, keys, inner),
        st.builds(SeqType, inner, st.integers(1, 3)),
        st.builds(BagType, inner, st.integers(1, 3)),
        st.builds(_set, inner, st.integers(1, 3)),
    )


def _set(item: Type, capacity: int) -> SetType:
    return SetType(item, SetType(item, 0).bits or capacity)


def values_types() -> st.SearchStrategy[Type]:
    """Types of values: all but parts."""
    return st.recursive(scalars(), _extended, max_leaves=5)


def dense_types() -> st.SearchStrategy[Type]:
    """Types whose values are numbered, few enough to list."""
    return values_types().filter(lambda kind: (kind.count or DENSE_LIMIT) <= 500)


def parts() -> st.SearchStrategy[Type]:
    """Parts, and maps of parts: what states are made of."""
    plain = st.builds(
        lambda a, b: PartType(Place, (("a", a), ("b", b))), values_types(), values_types()
    )
    keyed = st.builds(MapType, st.builds(IndexType, st.just(Node), st.integers(1, 3)), plain)
    return st.builds(lambda a, b: PartType(Place, (("a", a), ("b", b))), plain, keyed)


def values(kind: Type) -> st.SearchStrategy[Any]:
    """Values of a type, frozen."""
    match kind:
        case IntType(low, high):
            return st.integers(low, high)
        case OptionType(item):
            return st.none() | values(item)
        case PartType(cls, fields):
            return st.tuples(*(st.tuples(st.just(n), values(k)) for n, k in fields)).map(
                lambda content: Snapshot(cls, content)
            )
        case RecordType(cls, fields):
            return st.builds(cls, *(values(own) for _, own in fields))
        case UnionType(options):
            return st.one_of(*map(values, options))
        case MapType(key, item):
            keys = list(key.universe())
            each = st.tuples(*(values(item) for _ in keys))
            return each.map(lambda some: freeze(Map(dict(zip(keys, some, strict=True)))))
        case CollectionType(item, capacity):
            form = {SetType: Set, SeqType: Seq, BagType: Bag}[type(kind)]
            return st.lists(values(item), max_size=capacity).map(lambda some: freeze(form(some)))
        case _:
            return st.sampled_from(list(kind.universe()))
