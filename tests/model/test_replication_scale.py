"""Replication at the sizes that take long, and at those that nobody can exhaust."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import pytest

from checker import check, simulate
from checker.engines.native import compiler
from model.replication import Replication
from spec.acknowledged import Acks

GIB = 1 << 30

LARGEST: Mapping[str, Any] = {
    "Replica": 3, "LeaderEpoch": 4, "Records": 2, "LogSize": 2, "Value": 4, "crashes": 1
}  # fmt: skip
"""The design as adopted: three replicas, four leader epochs, two records, a crash."""

FIVE: Mapping[str, Any] = {
    "Replica": 5, "LeaderEpoch": 8, "Records": 4, "LogSize": 4, "Value": 8, "min_isr": 3,
}  # fmt: skip


TWO_DOWN: Mapping[str, Any] = {
    "Replica": 5, "LeaderEpoch": 3, "Records": 1, "LogSize": 1, "Value": 3, "min_isr": 3,
    "crashes": 2, "steady": True,
}  # fmt: skip
"""Five replicas, of which three must be in sync and two crash; who runs is left alone."""


def memory() -> int:
    """The bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.skipif(memory() < 12 * GIB, reason="it takes 7 GiB")
@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
def test_the_design_as_adopted_is_exhausted() -> None:
    verdict = check(Replication(**LARGEST), engine="native", workers=2, symmetry=True)
    assert verdict.complete
    assert verdict.exit_status == 0
    counts = (verdict.distinct, verdict.generated, verdict.depth)
    assert counts == (98_153_169, 624_036_763, 45)


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
def test_five_brokers_of_which_two_crash_lose_nothing() -> None:
    verdict = check(Replication(**TWO_DOWN), engine="native", symmetry=True)
    assert verdict.complete
    assert verdict.exit_status == 0
    counts = (verdict.distinct, verdict.generated, verdict.depth)
    assert counts == (730_785, 4_509_989, 45)


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="there is no C compiler")
def test_with_two_in_sync_the_two_that_crash_may_be_those() -> None:
    """What was acknowledged is lost; with three in sync it is not."""
    replication = Replication(**{**TWO_DOWN, "min_isr": 2})
    verdict = check(replication, engine="native", symmetry=True, hazards=frozenset({"REP-2"}))
    trace = verdict.finding("REP-2").trace
    assert trace is not None
    assert [step.action for step in trace.steps].count("crash") == 2


@pytest.mark.parametrize(
    "walks",
    [4, pytest.param(400, marks=(pytest.mark.slow, pytest.mark.timeout(3600)))],
)
def test_five_brokers_of_which_two_crash_lose_nothing_in_random_walks(walks: int) -> None:
    """Where three must be in sync, two may fail."""
    verdict = simulate(Replication(**FIVE, crashes=2), runs=walks, depth=60, seed=7)
    assert verdict.distinct > 20 * walks
    assert [one.id for one in verdict.findings if one.result == "violated"] == []


def test_random_walks_find_what_acks_of_one_lose() -> None:
    replication = Replication(**{**FIVE, "Replica": 3, "LeaderEpoch": 4}, acks=Acks.LEADER)
    verdict = simulate(replication, runs=20, depth=40, seed=7, only=frozenset({"REP-2"}))
    assert verdict.finding("REP-2").trace is not None
