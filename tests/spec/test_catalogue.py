"""The catalogue of promises is complete, and each entry tells a reader what they need."""

from __future__ import annotations

import re

import pytest

from checker import Machine, Promise
from checker.language.machine import declaration
from model import Compaction, Group, Log, Routing
from model.conduct import Conduct
from spec import BELIEVED_AND_FALSE, CATALOGUE

GROUP = [
    *(f"OWN-{n}" for n in range(1, 6)),
    *(f"GRP-{n}" for n in range(1, 14)),
    *(f"DLV-{n}" for n in (1, 2, 3, 4, 5, 6, 7, 9, 8)),
]
LOG = [f"LOG-{n}" for n in range(1, 11)]
COMPACTION = [f"LOG-{n}" for n in range(11, 19)]
ROUTING = [f"RTE-{n}" for n in range(1, 7)]
REPLICATION = [f"REP-{n}" for n in range(1, 13)]
CONTROLLER = [f"CTL-{n}" for n in range(1, 8)]
IDS = [*GROUP, *LOG, *COMPACTION, *ROUTING, *REPLICATION, *CONTROLLER]


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
    witnesses = {method.promise.id for method in declaration(Group).of("reachable")}
    assert conduct | witnesses <= held
    assert witnesses.isdisjoint(IDS)
    assert sorted(held - conduct - witnesses) == sorted(GROUP)


@pytest.mark.parametrize(("cls", "ids"), [(Log, LOG), (Compaction, COMPACTION), (Routing, ROUTING)])
def test_the_log_is_held_to_every_promise(cls: type[Machine], ids: list[str]) -> None:
    methods = declaration(cls).of("invariant", "step", "eventually")
    held = [method.promise.id for method in methods if method.promise in CATALOGUE]
    assert sorted(held) == sorted(ids)
