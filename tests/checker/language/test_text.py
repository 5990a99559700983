"""Values in readable form."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

import pytest

from checker import Bag, Index, Map, Record, Seq, Set, Snapshot
from checker.language.machine import Part
from checker.language.text import arguments_text, change_text, value_text


class RM(Index):
    """A resource manager."""


class Colour(Enum):
    """A colour."""

    RED = auto()


class Prepared(Record):
    """A message with one field."""

    rm: RM


class Move(Record):
    """A message with two."""

    rm: RM
    far: int


class Stop(Record):
    """A message with none."""


A, B = RM(0), RM(1)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (A, "rm-0"),
        (Colour.RED, "RED"),
        (Prepared(A), "Prepared(rm-0)"),
        (Move(A, 2), "Move(rm=rm-0, far=2)"),
        (Stop(), "Stop()"),
        (Map({A: 1, B: 2}), "{rm-0: 1, rm-1: 2}"),
        (Set(), "{}"),
        (Set({B, A}), "{rm-0, rm-1}"),
        (Seq([B, A]), "[rm-1, rm-0]"),
        (Bag([A, B, A]), "{2 × rm-0, rm-1}"),
        (Snapshot(Part, (("on", True), ("at", A))), "(on=True, at=rm-0)"),
    ],
)
def test_values(value: Any, wanted: str) -> None:
    assert value_text(value) == wanted


def test_arguments() -> None:
    assert arguments_text({"r": A, "n": 2}) == "r=rm-0, n=2"
    assert arguments_text({}) == ""


MANY = [Move(A, n) for n in range(6)]


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (1, 2, "1 → 2"),
        (Set(), Set({A}), "{} → {rm-0}"),
        (Set(MANY), Set(MANY[1:]), "- Move(rm=rm-0, far=0)"),
        (Set(MANY[:4]), Set(MANY[1:5]), "- Move(rm=rm-0, far=0), + Move(rm=rm-0, far=4)"),
        (Bag(MANY), Bag([*MANY, MANY[0], MANY[0]]), "+ 2 × Move(rm=rm-0, far=0)"),
        (Seq(MANY[:4]), Seq(MANY[:5]), "+ Move(rm=rm-0, far=4) at the end"),
        (Seq(MANY[:4]), Seq(MANY[:3]), "- Move(rm=rm-0, far=3) from the end"),
        (Seq(MANY[:4]), Seq(MANY[1:4]), "- Move(rm=rm-0, far=0) from the front"),
        (
            Seq(MANY[:3]),
            Seq(MANY[1:4]),
            "- Move(rm=rm-0, far=0) from the front, + Move(rm=rm-0, far=3) at the end",
        ),
    ],
)
def test_changes(before: Any, after: Any, wanted: str) -> None:
    assert change_text(before, after) == wanted


def test_what_was_rewritten_is_shown_whole() -> None:
    before, after = Seq(MANY[:3]), Seq([MANY[5], MANY[4], MANY[3]])
    assert change_text(before, after) == f"{value_text(before)} → {value_text(after)}"
    wide: tuple[Map[RM, Seq[Move]], ...] = Map({A: Seq(MANY)}), Map({A: Seq()})
    assert change_text(*wide) == f"{value_text(wide[0])} → {value_text(wide[1])}"
