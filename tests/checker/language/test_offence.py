"""Why a value is none of a type: which component is past a bound, or outside."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from checker import Capacity, Counter, Index, Machine, Map, Range, Record, Seq, each
from checker.language.domains import BoundReached, OutOfRange
from checker.language.lowering import lower
from checker.language.types import Type, offence


class Key(Index):
    """A key."""


class Note(Record):
    """What is written down."""

    level: Annotated[int, Range(0, 3)]
    times: Annotated[int, Counter("Times")]


class Bell(Record):
    """Something else."""

    rung: Annotated[int, Range(0, 1)]


class Held(Machine):
    """One field of each kind."""

    count: Annotated[int, Counter("Times")] = 0
    level: Annotated[int, Range(0, 3)] = 0
    note: Note = Note(0, 0)
    some: Note | None
    either: Note | Bell = Note(0, 0)
    by: Map[Key, Annotated[int, Range(0, 3)]] = each(0)
    line: Annotated[Seq[Annotated[int, Range(0, 3)]], Capacity("Room")]


BOUND = [
    ("count", 3, "Times"),
    ("note", Note(0, 3), "Times"),
    ("some", Note(1, 3), "Times"),
    ("either", Note(1, 3), "Times"),
    ("line", Seq([1, 2, 3]), "Room"),
]
OUTSIDE: list[tuple[str, Any, str]] = [
    ("count", -1, "-1 is outside"),
    ("level", 4, "4 is outside"),
    ("note", Note(7, 0), "7 is outside"),
    ("some", Bell(0), "is outside"),
    ("either", Bell(2), "2 is outside"),
    ("either", 3, "3 is outside"),
    ("by", Map({Key(0): 1, Key(1): 9}), "9 is outside"),
    ("by", Map({Key(0): 1}), "is outside"),
    ("line", Seq([1, 8]), "8 is outside"),
]


def kind_of(name: str) -> Type:
    kind = lower(Held(Key=2, Times=2, Room=2)).state.field(name)
    assert kind is not None
    return kind


@pytest.mark.parametrize(("name", "value", "bound"), BOUND)
def test_a_bound_is_named(name: str, value: object, bound: str) -> None:
    found = offence(kind_of(name), value)
    assert isinstance(found, BoundReached)
    assert found.bound == bound


@pytest.mark.parametrize(("name", "value", "said"), OUTSIDE)
def test_what_is_outside_is_said(name: str, value: object, said: str) -> None:
    found = offence(kind_of(name), value)
    assert isinstance(found, OutOfRange)
    assert said in str(found)
