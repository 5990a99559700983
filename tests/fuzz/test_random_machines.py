"""Random machines: CPython, the reference evaluator and the engines say the same of them.

`make test` looks at the same hundred machines each time; `make fuzz` looks for new ones.
"""

from __future__ import annotations

import os
import random
from collections import Counter as Tally
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, reject, settings

from checker import Machine, Verdict, check
from checker.engines.native.symmetry import domains_of
from checker.engines.python import compiler, walker
from checker.engines.symmetric import refuse_unsound
from checker.errors import LanguageError, RequestError
from checker.language import types
from checker.language.ir import Program
from checker.language.lowering import lower
from tests.checker.engines.renaming import orbits
from tests.fuzz import compiled
from tests.fuzz.agreement import disagreements, eventual, limits
from tests.fuzz.cpython import differences
from tests.fuzz.kinds import Drawing
from tests.fuzz.machines import HEADER, Writer, loaded, machine_texts
from tests.fuzz.reference import Known, explored

MACHINES = int(os.environ.get("VERDICT_FUZZ", "100"))
MOST_STATES = 50
"""The reference explores a machine to the end of the level in which it knows so many."""

unhurried = settings(max_examples=MACHINES, suppress_health_check=list(HealthCheck))


def agree(text: str, folder: Path) -> None:
    """Have everything that can run a machine run it."""
    with ExitStack() as stack:
        try:
            machine = stack.enter_context(loaded(text, folder))
            program = lower(machine)
        except LanguageError:
            reject()
        known = explored(program, MOST_STATES)
        states = list(known.levels)[:MOST_STATES]
        assert list(differences(machine, program, states)) == []
        verdict = check(machine, limits=limits(known))
        assert list(disagreements(program, known, verdict)) == []
        if compiled.compiles:
            agree_compiled(machine, program, known, folder, verdict)


def agree_compiled(
    machine: Machine, program: Program, known: Known, folder: Path, other: Verdict
) -> None:
    """Have the native engine say it, too, with one thread and with several."""
    with compiled.quickly(folder):
        states = compiled.states(program, limits(known))
        assert len(states) == len(known.levels)
        assert set(states) == set(known.levels)
        for workers in (1, 3):
            verdict = check(machine, limits=limits(known), engine="native", workers=workers)
            assert list(disagreements(program, known, verdict)) == []
            assert eventual(verdict) == eventual(other)
        agree_symmetric(machine, program, known, other)


def agree_symmetric(machine: Machine, program: Program, known: Known, plain: Verdict) -> None:
    """Have the native engine visit one state of those that differ in names alone."""
    sizes = {domain.cls: domain.size for domain in domains_of(program.state) if domain.size > 1}
    try:
        refuse_unsound(program)
    except RequestError:
        return
    if sizes:
        verdict = check(machine, limits=limits(known), engine="native", symmetry=True)
        assert verdict.distinct == orbits(known.levels, sizes)
        assert found(verdict) == found(plain)


def found(verdict: Verdict) -> dict[str, tuple[str, int | None]]:
    """The results, with the states on the traces."""
    return {f.id: (f.result, f.trace.length if f.trace else None) for f in verdict.findings}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("machines")


@unhurried
@given(text=machine_texts())
def test_all_say_the_same(text: str, folder: Path) -> None:
    agree(text, folder)


@pytest.fixture
def nothing_is_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loops stay loops, parameters stay arguments, most sets are sorted slots."""
    monkeypatch.setattr(walker, "UNROLL_LIMIT", 1)
    monkeypatch.setattr(compiler, "INSTANCE_LIMIT", 1)
    monkeypatch.setattr(types, "BITSET_LIMIT", 2)


@settings(unhurried, max_examples=max(1, MACHINES // 3))
@given(text=machine_texts())
@pytest.mark.usefixtures("nothing_is_written_out")
def test_all_say_the_same_where_nothing_is_written_out(text: str, folder: Path) -> None:
    agree(text, folder)


def test_the_machines_are_worth_looking_at(folder: Path) -> None:
    """Most of them are in the language and move; some break what they promise, some do not."""
    seen: Tally[str] = Tally()

    @settings(unhurried, max_examples=60)
    @given(text=machine_texts())
    def look(text: str) -> None:
        seen["machines"] += 1
        try:
            with loaded(text, folder) as machine:
                known = explored(lower(machine), MOST_STATES)
        except LanguageError:
            return
        seen["accepted"] += 1
        seen["moving"] += len(known.levels) > 1
        seen["broken"] += "inv0" in known.broken
        seen["kept"] += known.complete and "inv0" not in known.broken
        seen["undefined"] += known.undefined is not None
        seen["bounded"] += bool(known.bounds)
        seen["states"] += len(known.levels)

    look()
    assert seen["accepted"] >= 0.9 * seen["machines"]
    assert seen["moving"] >= 0.6 * seen["accepted"]
    assert seen["states"] >= 3 * seen["accepted"]
    for some in ("broken", "kept", "undefined", "bounded"):
        assert seen[some] >= 0.1 * seen["accepted"], some


WRITTEN = """\
Index; Enum; Range(; Counter(; Capacity(; (Record); (Part); Map[; Set[; Seq[; Bag[; | None; Map[Pair
Seq[Annotated[; Network[; Queue[; Bulletin[; Variant[; aux_; each(; replace(; Node(; Big
@initial; @action; @action(by=; @action(fair=; @invariant; @reachable; @terminal; @refines(
@eventually; @eventually(after=; @step; self == after; @step(on=
require(; assert; match; case None; case Pair(; b=z; | Color.; if; elif; else:; return; for; range(
.items(); .values(); .add(; .remove(; .discard(; .clear(); .append(; .pop_first(; .pop_last(
.truncate(; .send(; .take(; .marked(; .count(; len(; sum(; min(; max(; default=; any(; all(; int(
not; and; or; in; not in; is None; is not None; isinstance(; <=; ==; !=; //; %; +=; -=; *=; &; -; |
self.change(; self.give(; helper(; self.h0(; self.cell; self.cells; .bump(; NUMBERS[; for _ in
"""


def test_the_machines_use_the_whole_language() -> None:
    dice = random.Random(1)

    class Dice(Drawing):
        def number(self, low: int, high: int) -> int:
            return dice.randint(low, high)

    texts = [Writer(Dice(lambda _: None)).module().removeprefix(HEADER) for _ in range(200)]
    wanted = [word for line in WRITTEN.splitlines() for word in line.split("; ")]
    assert [word for word in wanted if not any(word in text for text in texts)] == []
