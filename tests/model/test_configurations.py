"""What is found in each configuration of the group."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from checker import Configuration, Verdict, check, replay
from checker.check import Engine
from checker.engines.native import compiler
from model import Group
from tests.model.pinned import COUNTED

LARGE = 20_000
"""More states than this take the python engine so long that quick runs leave them out."""

HUGE = 1_000_000
"""More states than this are for the native engine alone."""

QUICK = ("smallest", "late commit", "auto-commit", "zombie commit first", "two groups")
"""Searched by the native engine in quick runs too; the page of promises counts all of them."""

CONFIGURATIONS = {one.name: one for one in Group.configurations}


@cache
def searched(name: str, engine: Engine = "auto") -> Verdict:
    """The verdict on a configuration."""
    found: Configuration = CONFIGURATIONS[name]
    huge = COUNTED[name].distinct > HUGE
    if huge and compiler() is None:
        pytest.skip("there is no C compiler")
    return check(
        Group(**found.settings),
        configuration=name,
        hazards=found.hazards,
        engine=engine,
        workers=2 if huge else 1,
    )


def cases() -> Iterator[object]:
    """Configurations and engines; what takes long is left out of quick runs."""
    for name, counted in COUNTED.items():
        huge = counted.distinct > HUGE
        yield pytest.param(name, "auto", marks=() if name in QUICK else pytest.mark.slow)
        if not huge:
            large = counted.distinct > LARGE
            yield pytest.param(name, "python", marks=pytest.mark.slow if large else ())


def test_every_configuration_is_pinned() -> None:
    assert list(COUNTED) == list(CONFIGURATIONS)


@pytest.mark.parametrize(("name", "engine"), list(cases()))
def test_what_is_found_is_as_pinned(name: str, engine: Engine) -> None:
    """One search a test: counts, what is false, shortest traces, and that each is a run."""
    verdict, counted = searched(name, engine), COUNTED[name]
    assert verdict.complete
    assert verdict.exit_status == 0
    counts = (verdict.distinct, verdict.generated, verdict.depth)
    assert counts == (counted.distinct, counted.generated, counted.depth)

    traces = {found.id: found.trace for found in verdict.findings if found.trace is not None}
    false = {found.id for found in verdict.findings if found.result == "violated"}
    assert false == set(counted.false) == CONFIGURATIONS[name].hazards
    lengths = {identifier: trace.length for identifier, trace in traces.items()}
    assert lengths == {**counted.false, **counted.witnessed}
    for trace in traces.values():
        replay(Group(**CONFIGURATIONS[name].settings), trace)


def taken(name: str, promise: str) -> list[tuple[str, str]]:
    """The steps of a shortest trace: who, and what."""
    trace = searched(name).finding(promise).trace
    assert trace is not None
    return [(step.actor, step.action) for step in trace.steps]


def polls(steps: list[tuple[str, str]]) -> list[str]:
    """Who was handed records, in order."""
    return [who for who, action in steps if action == "poll"]


def test_a_slow_member_processes_beside_the_new_owner() -> None:
    """OWN-3: its poll interval expires while it is at work, and its heir begins."""
    steps = taken("slow", "OWN-3")
    assert polls(steps) == ["member-0", "member-1"]
    assert ("member-0", "poll_interval_expires") in steps


def test_a_paused_zombie_processes_beside_the_new_owner() -> None:
    """OWN-3: paused, not waited for, back in ignorance, and at work with the new owner."""
    steps = taken("zombie", "OWN-3")
    assert polls(steps) == ["member-0", "member-1"]
    actions = [action for _, action in steps]
    paused, awake = actions.index("pause"), actions.index("wake_up")
    assert "complete_rebalance" in actions[paused:awake]


def test_auto_commit_loses_what_was_polled_and_not_processed() -> None:
    """DLV-4: records 0 and 1 polled, 2 committed, a crash before they are processed."""
    assert [step for step in taken("auto-commit", "DLV-4") if step[0] == "member-0"][-3:] == [
        ("member-0", "poll"),
        ("member-0", "commit"),
        ("member-0", "crash"),
    ]


def test_a_record_processed_and_not_committed_is_processed_again() -> None:
    """DLV-3: the member that processed it dies, its heir begins at the last commit."""
    steps = taken("crash", "DLV-3")
    assert [who for who, action in steps if action == "process"] == ["member-0", "member-1"]
    assert ("member-0", "crash") in steps
    assert "commit" not in {action for _, action in steps}


def test_a_late_commit_undoes_a_newer_one() -> None:
    """DLV-8: given up, still on its way, and accepted after the one that followed it."""
    actions = [action for _, action in taken("late commit", "DLV-8")]
    assert actions.count("commit") == 2
    assert actions[-1] == "arrive"
    assert "give_up" in actions
