"""The native engine says what the python engine says; and what it does where it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker import Limits, Machine, Verdict, check, replay
from checker.engines.native import build, engine
from checker.errors import EngineError, RequestError
from examples.two_phase import TwoPhase
from tests.checker.engines.shipped import shipped
from tests.fuzz import compiled
from verdict import registry

pytestmark = pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)

SMALL = 3_000
ENOUGH = Limits(states=SMALL)


@pytest.fixture(autouse=True)
def quick(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with compiled.quickly(tmp_path_factory.getbasetemp()):
        yield


def told(verdict: Verdict) -> dict[str, object]:
    """What two engines must agree on."""
    return {
        "distinct": verdict.distinct,
        "generated": verdict.generated,
        "depth": verdict.depth,
        "complete": verdict.complete,
        "bounds": {name: count for name, count in verdict.bounds.items() if count},
        "fired": {one.action: one.fired for one in verdict.coverage},
        "found": {
            one.id: (one.result, one.trace.length if one.trace else None)
            for one in verdict.findings
        },
    }


@pytest.mark.parametrize("case", [pytest.param(m, id=name) for name, m in shipped()])
def test_examples_are_found_the_same(case: Machine) -> None:
    expected = check(case, limits=ENOUGH)
    if not expected.complete:
        pytest.skip(f"more than {SMALL} states: too slow for the python engine here")
    for workers in (1, 3):
        verdict = check(case, engine="native", workers=workers)
        assert told(verdict) == told(expected)
        for finding in verdict.findings:
            if finding.trace is not None:
                replay(case, finding.trace)


@pytest.mark.parametrize("workers", [1, 3])
def test_a_table_that_begins_small_grows(workers: int, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = TwoPhase(**_settings(TwoPhase))
    expected = told(check(machine))
    monkeypatch.setattr(engine, "FIRST_SLOTS", 2)
    assert told(check(machine, engine="native", workers=workers)) == expected


def _settings(cls: type[Machine]) -> dict[str, object]:
    return dict(next(iter(registry.configurations(cls).values())).settings)


# ---------------------------------------------------------------- budgets


@pytest.mark.parametrize(
    "budget", [Limits(states=20), Limits(depth=2), Limits(time=1e-9), Limits(memory=1)]
)
def test_a_budget_that_runs_out_leaves_things_unknown(
    budget: Limits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "FIRST_SLOTS", 2)
    machine = TwoPhase(**_settings(TwoPhase))
    if budget.time is not None:
        monkeypatch.setattr(engine, "LOOK_EVERY", 0.0005)
        machine = TwoPhase(**{**_settings(TwoPhase), "RM": 9})
    verdict = check(machine, limits=budget, engine="native")
    assert not verdict.complete
    assert {f.result for f in verdict.findings if f.kind == "invariant"} == {"unknown"}


INTERRUPTED = """
    import os, signal, threading
    from checker import check
    from examples.two_phase import TwoPhase
    from checker.engines.native import engine
    wait = engine.NativeSearch._wait
    def pressed(self, began):
        threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
        wait(self, began)
    engine.NativeSearch._wait = pressed
    verdict = check(TwoPhase(RM=12), engine="native")
    print(verdict.complete, {one.result for one in verdict.findings} <= {"unknown"})
"""


def test_an_interruption_leaves_a_partial_verdict() -> None:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(INTERRUPTED)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "False True\n"), done.stderr


# ---------------------------------------------------------------- where it cannot run


def test_without_a_compiler_one_line_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EngineError) as caught:
        check(TwoPhase(**_settings(TwoPhase)), engine="native")
    assert str(caught.value) == ("V600: there is no C compiler; install one, or the extra [native]")


def test_a_compiler_that_is_none_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "/no/such/cc")
    with pytest.raises(EngineError, match="/no/such/cc cannot be run"):
        check(TwoPhase(**_settings(TwoPhase)), engine="native")


def test_a_cache_that_cannot_be_written_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("VERDICT_CACHE", str(tmp_path / "file"))
    with pytest.raises(EngineError, match=r"file cannot be written.*VERDICT_CACHE"):
        check(TwoPhase(**_settings(TwoPhase)), engine="native")


def test_a_damaged_library_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "damaged.so"
    path.write_bytes(b"no library")
    with pytest.raises(EngineError, match="cannot be loaded"):
        build.load(path)


def test_what_the_compiler_refuses_is_told() -> None:
    with pytest.raises(EngineError, match=r"refuses the generated C: .*error"):
        build.build("this is no C")


@pytest.mark.parametrize(("name", "workers"), [("rust", 1), ("native", 0), ("python", 2)])
def test_an_engine_that_there_is_not_is_refused(name: str, workers: int) -> None:
    with pytest.raises(RequestError):
        check(TwoPhase(**_settings(TwoPhase)), engine=name, workers=workers)  # type: ignore[arg-type]


def test_processes_may_build_the_same_at_once(tmp_path: Path) -> None:
    code = "from checker.engines.native.build import build; print(build('int x;'))"
    here = {**os.environ, "VERDICT_CACHE": str(tmp_path)}
    command = [sys.executable, "-c", code]
    running = [
        subprocess.Popen(command, env=here, stdout=subprocess.PIPE, text=True) for _ in "123"
    ]
    said = {process.communicate(timeout=60)[0] for process in running}
    assert [process.returncode for process in running] == [0, 0, 0]
    assert len(said) == 1
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".c", ".so"]
