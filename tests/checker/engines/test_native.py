"""The native engine says what the python engine says; and what it does where it cannot run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from typing import Annotated, Self

import pytest

from checker import (
    Capacity,
    Counter,
    Index,
    Limits,
    Machine,
    Map,
    Range,
    Record,
    Seq,
    Set,
    Verdict,
    action,
    check,
    eventually,
    initial,
    replay,
    require,
    step,
)
from checker.engines.native import engine
from checker.engines.native.program import Generator
from checker.engines.native.shapes import Shapes
from checker.errors import EngineError, RequestError
from checker.language.lowering import lower
from examples.two_phase import TwoPhase
from model.group import Group
from tests.checker.engines.shipped import shipped
from tests.checker.language.features import MACHINES
from tests.fuzz import compiled
from verdict import registry

pytestmark = pytest.mark.skipif(not compiled.compiles, reason=compiled.NO_COMPILER)

ENOUGH = Limits(states=3_000)


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


def everything() -> Iterator[tuple[str, Machine]]:
    """Examples, the machines of each feature, and a group."""
    yield from shipped()
    for name, machine in MACHINES.items():
        yield f"features-{name}", machine
    smallest = registry.configurations(Group)["smallest"]
    yield "group-smallest", Group(**smallest.settings)


def feasible(case: Machine) -> Limits:
    """So deep that the python engine needs no time."""
    verdict = check(case, limits=ENOUGH)
    return Limits(depth=None if verdict.complete else verdict.depth - 1)


@pytest.mark.parametrize("case", [pytest.param(m, id=name) for name, m in everything()])
def test_what_is_found_is_the_same(case: Machine) -> None:
    limits = feasible(case)
    expected = told(check(case, limits=limits))
    for workers in (1, 2, 3):
        verdict = check(case, engine="native", limits=limits, workers=workers)
        assert told(verdict) == expected
        for finding in verdict.findings:
            if finding.trace is not None:
                replay(case, finding.trace)


@pytest.mark.parametrize("name", ["features-lists", "features-talk", "features-messages"])
def test_lists_that_no_word_has_room_for_are_no_different(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = dict(everything())[name]
    limits = feasible(case)
    expected = check(case, engine="native", limits=limits)
    monkeypatch.setattr(Shapes, "_numbered", lambda _shapes, _kind: False)
    assert told(check(case, engine="native", limits=limits)) == told(expected)


class Shelf(Index):
    """A shelf."""


class Book(Index):
    """A book."""


class Library(Machine):
    """Who takes a book off a shelf looks among those that stand there."""

    on: Map[Shelf, Set[Book]]
    lent: Set[Book]

    @action
    def shelve(self, shelf: Shelf, book: Book) -> None:
        """A book is put on a shelf."""
        require(all(book not in self.on[other] for other in Shelf) and book not in self.lent)
        self.on[shelf].add(book)

    @action
    def lend(self, shelf: Shelf, book: Book) -> None:
        """A book is taken off a shelf."""
        require(book in self.on[shelf])
        require(len(self.lent) < 1)
        self.on[shelf].remove(book)
        self.lent.add(book)


def test_what_the_first_guard_wants_in_a_set_is_looked_for_there() -> None:
    case = Library(Shelf=2, Book=9)
    limits = Limits(depth=5)
    calls = [line for line in Generator(lower(case)).generate().text.splitlines()
             if "act_lend(w, s" in line]  # fmt: skip
    assert calls == ["      act_lend(w, s, 18, shelf_0, book_1);"]  # in a loop, and once
    assert told(check(case, engine="native", limits=limits)) == told(check(case, limits=limits))


class Flipping(Machine):
    """A step changes one bit."""

    on: bool = False

    @action
    def flip(self) -> None:
        """Change it."""
        self.on = not self.on

    @step
    def changes(self, after: Self) -> bool:
        """Every step changes the state."""
        return self != after

    @step
    def stays(self, after: Self) -> bool:
        """No step does."""
        return self == after


def test_states_are_compared_with_all_that_is_in_them() -> None:
    verdict = check(Flipping(), engine="native")
    assert {one.id: one.result for one in verdict.findings} == {
        "changes": "holds", "stays": "violated", "well-defined": "holds"
    }  # fmt: skip


class Nowhere(Machine):
    """There is no start."""

    on: bool = False

    @initial
    def begin(self) -> None:
        """It would have to be on."""
        require(self.on)

    @action
    def flip(self) -> None:
        """Change it."""
        self.on = not self.on

    @eventually
    def soon(self) -> bool:
        """It goes on."""
        return self.on


def test_where_there_is_no_start_nothing_is_found() -> None:
    verdict = check(Nowhere(), engine="native")
    assert told(verdict) == told(check(Nowhere()))
    assert (verdict.distinct, verdict.findings[0].result) == (0, "holds")


Small = Annotated[int, Range(0, 3)]
Count = Annotated[int, Counter("Count", default=1)]


class Note(Record):
    """Too many values to try each."""

    text: Annotated[Seq[Small], Capacity(2)]


class Awkward(Machine):
    """Some starts cannot be made; what is chosen stands several times in a sequence."""

    n: Count = 0
    notes: Annotated[Seq[Note], Capacity(3)]

    @initial
    def begin(self, k: Small) -> None:
        """One of four is a start, one a defect, two pass a bound."""
        self.notes = Seq([Note(Seq([1])), Note(Seq()), Note(Seq([1]))])
        if k == 1:
            self.n = self.notes[1].text[0]
        self.n = k

    @action
    def take(self, note: Note) -> None:
        """Each note is chosen once."""
        require(note in self.notes)
        self.notes = Seq([note])


def test_starts_that_cannot_be_made_and_choices_that_are_there_twice() -> None:
    expected = told(check(Awkward()))
    assert (expected["distinct"], expected["generated"]) == (3, 5)
    assert expected["bounds"] == {"Count": 2}
    for workers in (1, 3):
        assert told(check(Awkward(), engine="native", workers=workers)) == expected


class Growing(Machine):
    """What is computed on the way fits no word."""

    n: Small = 0

    @action
    def grow(self) -> None:
        """Square a number several times."""
        x = 1000
        for _ in range(8):
            x = x * x
        self.n = min(max(x, 0), 1)


def test_an_integer_past_64_bits_ends_the_search() -> None:
    assert check(Growing()).distinct == 2
    with pytest.raises(EngineError, match=r"does not fit the 64 bits .* the python engine"):
        check(Growing(), engine="native")


def test_memory_is_counted_where_the_system_does_not_tell_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unreadable(*_: object, **__: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(engine, "open", unreadable, raising=False)
    pages = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert engine._memory_there() == pages // 2


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


@pytest.mark.parametrize(("name", "workers"), [("rust", 1), ("native", 0), ("python", 2)])
def test_an_engine_that_there_is_not_is_refused(name: str, workers: int) -> None:
    with pytest.raises(RequestError):
        check(TwoPhase(**_settings(TwoPhase)), engine=name, workers=workers)  # type: ignore[arg-type]
