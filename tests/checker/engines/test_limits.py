"""Budgets and interruptions: a search that did not see everything never says that all is well."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
import time
from itertools import count
from types import SimpleNamespace

import pytest

from checker import Limits, Progress, Verdict, check, simulate
from checker.check import Engine
from checker.engines.native.build import compiler
from checker.engines.python import search, walks
from checker.verdict import FOUND
from tests.checker.engines.machines import Clock, Endless

NODES = 3


def budget_ran_out(verdict: Verdict, why: str) -> None:
    """What was decided stays decided; the rest is unknown, for the same reason."""
    assert not verdict.complete
    assert verdict.stopped == why
    assert verdict.finding("tiny").result == "violated"
    assert verdict.finding("small").result == "unknown"
    assert verdict.finding("all_equal").result == "unknown"
    assert verdict.finding("well-defined").result == "unknown"
    assert {f.why for f in verdict.findings if f.result == "unknown"} == {why}
    assert "holds" not in {finding.result for finding in verdict.findings}


def test_a_limit_on_states() -> None:
    verdict = check(Endless(Node=NODES), limits=Limits(states=1_000))
    budget_ran_out(verdict, "1,000 states")
    assert 1_000 < verdict.distinct < 1_100


def test_a_limit_on_depth() -> None:
    verdict = check(Endless(Node=NODES), limits=Limits(depth=5))
    budget_ran_out(verdict, "depth 5")
    assert verdict.depth == 5
    # Five levels are expanded; the sixth is counted and checked.
    assert verdict.distinct == sum((n + 1) * (n + 2) // 2 for n in range(6))


@pytest.mark.parametrize("engine", ["python", "native"])
def test_a_search_ends_where_all_was_found_that_it_is_for(engine: Engine) -> None:
    """An endless machine: neither engine would come to an end by itself, nor by the other id."""
    if engine == "native" and compiler() is None:
        pytest.skip("there is no C compiler")
    machine, least = Endless(Node=NODES), check(Endless(Node=NODES), limits=Limits(depth=5))
    found = check(machine, engine=engine, limits=Limits(until=frozenset({"tiny"}), time=60))
    budget_ran_out(found, FOUND)
    length = found.finding("tiny").trace, least.finding("tiny").trace
    assert [trace.length for trace in length if trace is not None] == [4, 4]
    both = frozenset({"tiny", "all_equal"})
    assert check(machine, engine=engine, limits=Limits(until=both, time=1)).stopped == "1 seconds"


def test_a_limit_on_time(monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.perf_counter()
    verdict = check(Endless(Node=NODES), limits=Limits(time=0.05))
    assert verdict.stopped == "0.05 seconds"
    assert verdict.seconds >= 0.05
    assert time.perf_counter() - began < 60
    ticking = SimpleNamespace(perf_counter=count(0.0, 0.001).__next__)
    monkeypatch.setattr(search, "time", ticking)  # a millisecond passes from look to look
    budget_ran_out(check(Endless(Node=NODES), limits=Limits(time=0.05)), "0.05 seconds")


def test_a_limit_on_memory() -> None:
    check(Endless(Node=NODES), limits=Limits(depth=5))  # what is loaded but once is there
    limit = search.memory_in_use() + 8_000_000
    verdict = check(Endless(Node=NODES), limits=Limits(memory=limit))
    budget_ran_out(verdict, f"{limit:,} bytes of memory")


def test_memory_is_told_where_there_is_no_proc(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise FileNotFoundError

    peak = SimpleNamespace(ru_maxrss=5_000)
    monkeypatch.setattr("resource.getrusage", lambda _: peak)
    assert search.memory_in_use() not in {5_000, 5_000 * 1024}
    with monkeypatch.context() as patched:
        patched.setattr("builtins.open", missing)
        patched.setattr(sys, "platform", "linux")
        assert search.memory_in_use() == 5_000 * 1024
        patched.setattr(sys, "platform", "darwin")
        assert search.memory_in_use() == 5_000


def test_the_exit_status_of_an_unfinished_search_is_3() -> None:
    some = frozenset({"small"})
    unfinished = check(Endless(Node=NODES), limits=Limits(states=100), only=some)
    assert unfinished.exit_status == 3
    everything = check(Endless(Node=NODES), limits=Limits(states=100))
    assert everything.exit_status == 1  # a violation is one, whatever else is unknown


def test_an_unfinished_search_with_every_property_decided_is_still_unfinished() -> None:
    some = frozenset({"tiny"})
    verdict = check(Endless(Node=NODES), limits=Limits(states=100), only=some, hazards=some)
    assert verdict.finding("tiny").as_expected
    assert verdict.exit_status == 3


@pytest.mark.parametrize("limits", [Limits(states=12), Limits(depth=10), Limits(time=60.0)])
def test_a_limit_that_is_not_passed_changes_nothing(limits: Limits) -> None:
    verdict = check(Clock(), limits=limits)
    assert verdict.complete
    assert (verdict.distinct, verdict.generated, verdict.depth) == (12, 14, 10)
    assert verdict.finding("on_the_dial").result == "holds"


@pytest.mark.parametrize(("limits", "why"), [(Limits(states=11), "11"), (Limits(depth=9), "9")])
def test_a_limit_that_is_passed_by_one_is_passed(limits: Limits, why: str) -> None:
    verdict = check(Clock(), limits=limits)
    assert why in verdict.stopped
    assert verdict.finding("on_the_dial").result == "unknown"


# ------------------------------------------------------------ progress and interruptions


class Watching:
    """A reporter that writes down, and interrupts after a while."""

    def __init__(self, patience: int = 1_000_000) -> None:
        self.seen: list[Progress] = []
        self._patience = patience

    def progress(self, now: Progress) -> None:
        self.seen.append(now)
        if len(self.seen) >= self._patience:
            raise KeyboardInterrupt


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Progress is reported at every look at the clock."""
    monkeypatch.setattr(search, "REPORT_EVERY", 0.0)


@pytest.mark.usefixtures("eager")
def test_progress_is_reported_as_it_is() -> None:
    watching = Watching()
    verdict = check(Endless(Node=NODES), limits=Limits(depth=12), reporter=watching)
    counts = [now.distinct for now in watching.seen]
    assert len(counts) > 2
    assert counts == sorted(counts)
    last = watching.seen[-1]
    assert (last.distinct, last.generated, last.depth) == (verdict.distinct, verdict.generated, 12)
    assert last.queued == 13 * 14 // 2
    assert 0 < last.seconds <= verdict.seconds


@pytest.mark.usefixtures("eager")
def test_an_interruption_gives_what_was_found_so_far() -> None:
    verdict = check(Endless(Node=NODES), reporter=Watching(patience=5))
    budget_ran_out(verdict, "interrupted")
    assert verdict.distinct > 0


INTERRUPTED = textwrap.dedent("""
    import os, signal, threading
    from checker import check
    from tests.checker.engines.machines import Endless

    class Impatient:
        def progress(self, now):
            if now.distinct > 2_000:
                os.kill(os.getpid(), signal.SIGINT)

    verdict = check(Endless(Node=3), reporter=Impatient())
    print(verdict.stopped, verdict.distinct > 2_000, verdict.finding("small").result,
          verdict.finding("tiny").result, verdict.exit_status)
""")


def test_ctrl_c_gives_what_was_found_so_far() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", INTERRUPTED], capture_output=True, text=True, check=False, timeout=90
    )
    assert ended.stderr == ""
    assert ended.stdout.split() == ["interrupted", "True", "unknown", "violated", "1"]


def test_ctrl_c_from_outside() -> None:
    script = INTERRUPTED.replace("os.kill(os.getpid(), signal.SIGINT)", "print('busy', flush=True)")
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "busy\n"
        running.send_signal(signal.SIGINT)
        *_, last = running.stdout.read().splitlines()
        assert running.wait(60) == 0
    assert last.split() == ["interrupted", "True", "unknown", "violated", "1"]


# ------------------------------------------------------------ walks have the same limits


def test_walks_stop_at_a_limit() -> None:
    verdict = simulate(Endless(Node=NODES), runs=50, depth=50, limits=Limits(states=100))
    assert (verdict.stopped, verdict.distinct) == ("100 states", 101)
    assert not verdict.walked
    some = frozenset({"small"})
    unfinished = simulate(
        Endless(Node=NODES), runs=50, depth=50, limits=Limits(states=100), only=some
    )
    assert unfinished.exit_status == 3
    assert unfinished.finding("small").why == "100 states"
    timed = simulate(Endless(Node=NODES), runs=10**6, depth=500, limits=Limits(time=0.05))
    assert timed.stopped == "0.05 seconds"


def test_a_long_walk_looks_at_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walks, "CHECK_EVERY", 10)
    verdict = simulate(Clock(), runs=1, depth=10**9, limits=Limits(time=0.05))
    assert verdict.stopped == "0.05 seconds"
