"""The catalogue of promises is complete, and each entry tells a reader what they need."""

from __future__ import annotations

import re

import pytest

from checker import Promise
from checker.language.machine import declaration
from model import Group
from model.conduct import Conduct
from spec import BELIEVED_AND_FALSE, CATALOGUE

IDS = [
    *(f"OWN-{n}" for n in range(1, 6)),
    *(f"GRP-{n}" for n in range(1, 12)),
    *(f"DLV-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 8)),
]


def test_the_ids_are_these_for_good() -> None:
    assert [promise.id for promise in CATALOGUE] == IDS


@pytest.mark.parametrize("promise", CATALOGUE, ids=lambda promise: promise.id)
def test_each_promise_has_a_sentence_a_source_and_a_danger(promise: Promise) -> None:
    assert re.fullmatch(r"[A-Z].*[^.]\.", promise.sentence)
    assert promise.source
    assert promise.guards
    assert not promise.source.endswith(".")
    assert not promise.guards.endswith(".")


def test_what_is_believed_and_false_says_so() -> None:
    assert {one.id for one in CATALOGUE if one.source.startswith("believed")} == BELIEVED_AND_FALSE


def test_the_group_is_held_to_every_promise() -> None:
    methods = declaration(Group).of("invariant", "step", "reachable", "eventually")
    held = {method.promise.id for method in methods}
    conduct = {method.promise.id for method in declaration(Conduct).methods}
    witnesses = {"taken_over"}
    assert conduct | witnesses <= held
    assert sorted(held - conduct - witnesses) == sorted(IDS)
