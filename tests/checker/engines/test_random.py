"""Walks in C: what they visit is what a search visits, and what they find is what it finds."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest

from checker import Machine, check, replay, simulate
from checker.engines.native import compiler
from checker.engines.random import Asked, Walker
from checker.engines.random.coverage import measured
from checker.errors import EngineError, RequestError
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.verdict import Limits, Silent
from tests.checker.engines.machines import (
    Account,
    Chest,
    Clock,
    Counting,
    Dimmer,
    Fading,
    Limits12,
    Posting,
    Unstartable,
    Waiting,
)
from tests.checker.language.features import Lamp, Messages, Numbers, Parts

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")

SMALL = (
    Clock(),
    Posting(Node=2, Count=2, Post=2),
    Counting(Node=2, Count=2, Log=2),
    Chest(Node=2),
    Lamp(),
    Numbers(),
)
BROKEN = (
    (Clock(), "FORWARD"),
    (Waiting(Node=2), "everyone_is_done"),
    (Posting(Node=2, Count=2, Post=2), "not_ones_own"),
    (Account(Node=2), "served"),
    (Account(Node=2, limit=Limits12.FORGOTTEN), "well-defined"),
    (Fading(Node=1), "as_barred"),
    (Fading(Node=1), "UNREADABLE"),
    (Dimmer(lit_at_first=True), "as_lamp"),
)


def named(value: object) -> str:
    """A machine by its class."""
    return value if isinstance(value, str) else type(value).__name__


def visited(machine: Machine, walks: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """How many states and transitions walks visit, and how many a search finds."""
    found = check(machine, only=frozenset())
    starts = sum(1 for _ in Evaluator(lower(machine)).initial())
    there = found.distinct, found.generated - starts
    program = replace(lower(machine), properties=(), refinements=())
    asked = Asked(walks=walks, depth=100, measure=True)
    seen = measured(program, asked, (600.0,), there, Limits(), Silent()).visited[-1]
    return (seen.states, seen.transitions), there


@pytest.mark.parametrize("machine", SMALL, ids=named)
def test_walks_visit_what_there_is_and_nothing_else(machine: Machine) -> None:
    seen, there = visited(machine, 20_000)
    assert seen == there


@pytest.mark.parametrize("machine", [Messages(), Parts()], ids=named)
def test_walks_visit_nothing_else_where_there_is_much(machine: Machine) -> None:
    seen, there = visited(machine, 2_000)
    assert there[0] // 10 < seen[0] <= there[0]
    assert there[1] // 10 < seen[1] <= there[1]


@pytest.mark.parametrize(("machine", "broken"), BROKEN, ids=named)
def test_traces_of_walks_are_runs_and_nothing_can_be_left_out(
    machine: Machine, broken: str
) -> None:
    finding = simulate(machine, runs=400, depth=60, seed=3, engine="native").finding(broken)
    assert finding.result == "violated"
    assert finding.trace is not None
    replay(machine, finding.trace)
    shortest = check(machine).finding(broken).trace
    assert shortest is not None
    assert shortest.length <= finding.trace.length <= 2 * shortest.length


def test_a_seed_reproduces_everything() -> None:
    machine = Posting(Node=2, Count=2, Post=2)
    one, same, other = (
        replace(simulate(machine, runs=50, depth=20, seed=seed, engine="native"), seconds=0.0)
        for seed in (7, 7, 8)
    )
    assert one == same
    assert one.coverage != other.coverage


def test_walks_are_no_longer_than_asked_and_count_bounds() -> None:
    verdict = simulate(Clock(), runs=3, depth=4, engine="native")
    assert (verdict.depth, verdict.distinct, verdict.walks) == (4, 4, 3)
    bounded = simulate(Counting(Node=2, Count=1, Log=1), runs=10, depth=10, engine="native")
    assert bounded.bounds["Count"] > 0
    assert bounded.bounds["Log"] > 0


def test_a_budget_ends_walks() -> None:
    verdict = simulate(
        Posting(Node=3, Count=2, Post=3), runs=1_000_000, depth=50, engine="native",
        limits=Limits(states=20), only=frozenset({"taken_out"}),
    )  # fmt: skip
    assert verdict.stopped == "20 states"
    assert verdict.exit_status == 3


def test_a_start_that_cannot_be_made_is_no_start() -> None:
    verdict = simulate(Unstartable(), runs=3, depth=3, engine="native")
    assert verdict.distinct == 1
    assert verdict.finding("well-defined").result == "violated"


class Still(Machine):
    """Has nothing to do."""

    done: bool = False


@pytest.mark.parametrize("engine", ["native", "python"])
def test_a_machine_without_actions_is_refused(engine: Literal["native", "python"]) -> None:
    with pytest.raises(RequestError, match="Still has no action to take"):
        simulate(Still(), engine=engine)


def test_where_no_compiler_is_the_python_engine_walks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/nowhere/cc")
    monkeypatch.setenv("VERDICT_CACHE", "/nowhere/cache")
    verdict = simulate(Clock(), runs=2, depth=4, engine="auto")
    assert verdict.notes[0].startswith("by the python engine")
    with pytest.raises(EngineError):
        simulate(Clock(), runs=2, depth=4, engine="native")


def test_a_walker_goes_where_it_is_told() -> None:
    walker = Walker(replace(lower(Counting(Node=2, Count=1, Log=1)), properties=()))
    walker.go_to(0)
    assert walker.choices(0) == [(0, 0), (0, 1)]
    assert walker.go_on((0, 1))
    assert walker.choices(0) == [(0, 0)]
    assert not walker.go_on((0, 1))
    walker.close()
