"""Random walks: reproducible, true in what they find, and never a proof."""

from __future__ import annotations

import pytest

from checker import Machine, Verdict, replay, simulate
from checker.errors import RequestError
from tests.checker.engines.machines import (
    Account,
    Clock,
    Counting,
    Dimmer,
    Fading,
    Limits12,
    Posting,
    Unstartable,
    Waiting,
)


def story(verdict: Verdict) -> tuple[object, ...]:
    """Everything that a seed decides."""
    return verdict.findings, verdict.distinct, verdict.generated, verdict.depth, verdict.coverage


@pytest.mark.parametrize("machine", [Clock(), Posting(Node=2, Count=2, Post=2)], ids=str)
def test_a_seed_reproduces_everything(machine: Machine) -> None:
    one = simulate(machine, runs=20, depth=20, seed=7)
    assert one.seed == 7
    assert one.engine == "random"
    assert story(one) == story(simulate(machine, runs=20, depth=20, seed=7))


def test_another_seed_is_another_walk() -> None:
    machine = Posting(Node=3, Count=2, Post=3)
    walks = {story(simulate(machine, runs=2, depth=6, seed=seed))[1:4] for seed in range(8)}
    assert len(walks) > 1


def test_what_is_not_violated_is_unknown() -> None:
    verdict = simulate(Clock(), runs=10, depth=30)
    assert verdict.finding("on_the_dial").result == "unknown"
    assert verdict.finding("on_the_dial").why == "random walks prove nothing"
    assert verdict.finding("at_thirteen").result == "unknown"
    assert verdict.finding("at_seven").result == "holds"
    assert verdict.finding("before_nine").result == "violated"
    assert not verdict.complete


def test_walks_are_expected_to_violate_nothing_and_not_to_decide() -> None:
    verdict = simulate(Clock(), runs=5, depth=5, only=frozenset({"on_the_dial", "at_seven"}))
    assert (verdict.walks, verdict.walked, verdict.complete) == (5, True, False)
    assert {finding.result for finding in verdict.findings} == {"unknown"}
    assert verdict.exit_status == 0
    assert simulate(Clock(), runs=5, depth=20).exit_status == 1


def test_a_hazard_that_walks_do_not_meet_is_no_failure() -> None:
    hazard = frozenset({"before_nine"})
    for depth in (5, 20):
        verdict = simulate(Clock(), runs=5, depth=depth, only=hazard, hazards=hazard)
        assert verdict.finding("before_nine").result == ("unknown" if depth == 5 else "violated")
        assert verdict.exit_status == 0


def test_a_hazard_that_is_reached_against_expectation_is_a_failure() -> None:
    hazard = frozenset({"at_seven"})
    verdict = simulate(Clock(), runs=5, depth=20, only=hazard, hazards=hazard)
    assert verdict.finding("at_seven").result == "holds"
    assert verdict.exit_status == 1


def test_walks_are_no_longer_than_asked() -> None:
    verdict = simulate(Clock(), runs=3, depth=4)
    assert verdict.depth == 4
    assert verdict.distinct == 4
    assert verdict.finding("before_nine").result == "unknown"
    assert simulate(Clock(), runs=3, depth=1).generated == 1


@pytest.mark.parametrize(
    ("machine", "broken"),
    [
        (Clock(), "FORWARD"),
        (Waiting(Node=2), "everyone_is_done"),
        (Posting(Node=2, Count=2, Post=2), "not_ones_own"),
        (Account(Node=2), "served"),
        (Account(Node=2, limit=Limits12.FORGOTTEN), "well-defined"),
        (Fading(Node=1), "as_barred"),
        (Fading(Node=1), "UNREADABLE"),
        (Dimmer(lit_at_first=True), "as_lamp"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_traces_of_walks_are_runs(machine: Machine, broken: str) -> None:
    finding = simulate(machine, runs=60, depth=40).finding(broken)
    assert finding.result == "violated"
    assert finding.trace is not None
    replay(machine, finding.trace)


def test_walks_count_bounds() -> None:
    verdict = simulate(Counting(Node=2, Count=1, Log=1), runs=10, depth=10)
    assert verdict.bounds["Count"] > 0
    assert verdict.bounds["Log"] > 0


def test_walks_need_a_start() -> None:
    verdict = simulate(Unstartable(), runs=3, depth=3)
    assert verdict.distinct == 1
    assert verdict.finding("well-defined").result == "violated"


@pytest.mark.parametrize(("runs", "depth"), [(0, 5), (5, 0), (-1, 1)])
def test_nothing_to_walk(runs: int, depth: int) -> None:
    with pytest.raises(RequestError, match="at least one of each"):
        simulate(Clock(), runs=runs, depth=depth)
