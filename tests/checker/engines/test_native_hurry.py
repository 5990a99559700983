"""Small machines are searched with plain code, larger ones anew with optimised code."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker import Limits, Verdict, check
from checker.engines.native import build, hurry
from checker.engines.native.engine import INTERRUPTED, NativeSearch
from examples.two_phase import TwoPhase

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="there is no C compiler")

FEW = 100
"""TwoPhase has 56 states with two resource managers, and 288 with three."""


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """An empty cache, and a small idea of what is small."""
    monkeypatch.setenv("VERDICT_CACHE", str(tmp_path))
    monkeypatch.setattr(build, "FLAGS", ("-O1", *build.FLAGS[1:]))
    monkeypatch.setattr(hurry, "MOST_STATES", FEW)
    return tmp_path


def built(folder: Path) -> int:
    return len(list(folder.glob("*.so")))


def searched(rm: int, **limits: float) -> Verdict:
    given = Limits(**limits)  # type: ignore[arg-type]
    return check(TwoPhase(RM=rm), engine="native", limits=given)


def test_what_is_small_is_compiled_once_and_plainly(folder: Path) -> None:
    verdict = searched(2)
    assert (verdict.complete, verdict.distinct) == (True, 56)
    assert built(folder) == 1
    searched(2)
    assert built(folder) == 1


def test_what_is_larger_is_searched_anew_with_optimised_code(folder: Path) -> None:
    verdict = searched(3)
    assert (verdict.complete, verdict.distinct, verdict.generated, verdict.depth) == (
        True, 288, 1146, 11,
    )  # fmt: skip
    assert built(folder) == 2


def test_optimised_code_that_is_there_is_taken_at_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched(3)
    flags: list[tuple[str, ...]] = []
    run = NativeSearch.run

    def watched(search: NativeSearch) -> None:
        flags.append(search.options.flags)
        run(search)

    monkeypatch.setattr(NativeSearch, "run", watched)
    assert searched(3).distinct == 288
    assert flags == [()]
    assert built(folder) == 2


@pytest.mark.parametrize(("states", "libraries"), [(FEW - 50, 1), (FEW, 1), (FEW + 50, 2)])
def test_a_budget_is_that_of_who_asked(folder: Path, states: int, libraries: int) -> None:
    verdict = searched(3, states=states)
    assert not verdict.complete
    assert verdict.stopped == f"{states} states"
    assert built(folder) == libraries


def test_time_that_runs_out_is_told_as_it_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hurry, "MOST_STATES", 10**12)
    monkeypatch.setattr(hurry, "MOST_SECONDS", 0.02)
    monkeypatch.setattr("checker.engines.native.engine.LOOK_EVERY", 0.005)
    verdict = searched(12, time=0.2)
    assert verdict.stopped == "0.2 seconds"
    assert verdict.seconds >= 0.2


def test_an_interruption_is_no_reason_to_begin_anew(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hurry, "MOST_STATES", 10**12)
    monkeypatch.setattr(hurry, "MOST_SECONDS", 60.0)
    wait = NativeSearch._wait

    def pressed(search: NativeSearch, began: float) -> None:
        search.stopped = INTERRUPTED
        search.result.stop = 1
        wait(search, began)

    monkeypatch.setattr(NativeSearch, "_wait", pressed)
    verdict = searched(12)
    assert verdict.stopped == INTERRUPTED
    assert built(folder) == 1
