"""Random machines that walk over a graph: the engines, and a judge that tries everything.

A machine is written for each graph, with its steps in the guards of its actions; the fairness of
each is declared, and the engine has to find out for itself who could act where.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from checker import Verdict, check, replay
from checker.check import Engine
from checker.engines import native
from tests.checker.engines.fair_runs import NOBODY, Small
from tests.fuzz.machines import loaded

PLACES = 5

HEAD = f"""
from typing import Annotated

from checker import Counter, Index, Machine, Range, action, eventually, initial, require

Place = Annotated[int, Range(0, {PLACES - 1})]
Past = Annotated[int, Counter("Past", default=0)]


class Who(Index, default=2):
    pass


class Random(Machine):
    at: Place = 0
    past: Past = 0

    @initial
    def begin(self, place: Place) -> None:
        require({{starts}})
        self.at = place
"""

ACTION = """
    @action({fair})
    def {name}(self, w: Who, to: Place) -> None:
        require({guard})
        if {cut}:
            self.past += 1
        self.at = to
"""

PROPERTIES = """
    def asked(self) -> bool:
        return {asked}

    @eventually
    def once(self) -> bool:
        return {goal}

    @eventually(after=asked)
    def after(self) -> bool:
        return {goal}

    @eventually(again=True)
    def again(self) -> bool:
        return {goal}
"""

Move = tuple[int, int, int]
"""From where, to where, and who."""


@dataclass(frozen=True)
class Owed:
    """An action: how it is fair, and its moves; of moves past the bound `to` does not count."""

    fair: str
    each: bool
    moves: frozenset[Move]
    cuts: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class Drawn:
    starts: frozenset[int]
    actions: tuple[Owed, ...]
    goal: frozenset[int]
    asked: frozenset[int]

    def text(self) -> str:
        """The machine's module."""
        lines = [HEAD.format(starts=_among("place", self.starts))]
        for number, one in enumerate(self.actions):
            moves = [f"self.at == {s} and to == {t} and int(w) == {w}" for s, t, w in one.moves]
            cuts = [f"self.at == {s} and int(w) == {w}" for s, w in one.cuts]
            fair = f'fair="{one.fair}", by="w"' if one.each else f'fair="{one.fair}", by="all"'
            lines.append(
                ACTION.format(
                    name=f"act{number}",
                    fair=fair if one.fair else "",
                    guard=" or ".join(f"({some})" for some in moves + cuts) or "False",
                    cut=" or ".join(f"({some})" for some in cuts) or "False",
                )
            )
        asked, goal = _among("self.at", self.asked), _among("self.at", self.goal)
        return "".join([*lines, PROPERTIES.format(asked=asked, goal=goal)])

    def small(self) -> Small:
        """The same as a graph, with the parties in the order of actions and of who acts."""
        steps: set[tuple[int, int, int]] = set()
        cuts: set[tuple[int, int]] = set()
        strong: list[bool] = []
        for one in self.actions:
            first = len(strong)
            if one.fair:
                strong += [one.fair == "strong"] * (2 if one.each else 1)
            stopped = {(s, w) for s, w in one.cuts}
            for s, t, w in one.moves:
                party = NOBODY if not one.fair else first + (w if one.each else 0)
                if (s, w) not in stopped and s != t:
                    steps.add((s, t, party))
            for s, w in one.cuts if one.fair else ():
                cuts.add((s, first + (w if one.each else 0)))
        return Small(PLACES, self.starts, frozenset(steps), frozenset(cuts), tuple(strong))


def _among(what: str, places: frozenset[int]) -> str:
    return " or ".join(f"{what} == {place}" for place in sorted(places)) or "False"


places = st.integers(0, PLACES - 1)
who = st.integers(0, 1)


@st.composite
def machines(draw: st.DrawFn) -> Drawn:
    """Two or three actions, most of them fair."""
    actions = draw(
        st.lists(
            st.builds(
                Owed,
                st.sampled_from(["", "weak", "strong"]),
                st.booleans(),
                st.frozensets(st.tuples(places, places, who), min_size=3, max_size=9),
                st.frozensets(st.tuples(places, who), max_size=1),
            ),
            min_size=2,
            max_size=3,
        )
    )
    some = st.frozensets(places, max_size=2)
    return Drawn(draw(st.frozensets(places, min_size=1)), tuple(actions), draw(some), draw(some))


def expected(drawn: Drawn) -> dict[str, str]:
    graph = drawn.small()
    everything = frozenset(range(PLACES))
    wrong = everything - drawn.goal
    asked = {"once": drawn.starts, "after": drawn.asked, "again": everything}
    return {
        name: "violated" if graph.violated(wrong, entries) else "holds"
        for name, entries in asked.items()
    }


def answers(verdict: Verdict) -> dict[str, str]:
    return {f.id: f.result for f in verdict.findings if f.kind == "eventually"}


needs_a_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C compiler is found")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walks")


def agree(drawn: Drawn, folder: Path, engine: Engine) -> None:
    with loaded(drawn.text(), folder) as machine:
        verdict = check(machine, engine=engine)
        assert answers(verdict) == expected(drawn)
        for finding in verdict.findings:
            if finding.trace is not None:
                replay(machine, finding.trace)
                assert finding.trace.loop is not None
                going = finding.trace.loop < len(finding.trace.steps)
                event("goes round" if going else "stands still")
            elif finding.kind == "eventually":
                event("holds")


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(drawn=machines())
def test_the_python_engine_says_what_the_judge_says(drawn: Drawn, folder: Path) -> None:
    agree(drawn, folder, "python")


@needs_a_compiler
@settings(max_examples=5, suppress_health_check=list(HealthCheck))
@given(drawn=machines())
def test_the_native_engine_says_what_the_judge_says(drawn: Drawn, folder: Path) -> None:
    agree(drawn, folder, "native")


@pytest.mark.slow
@needs_a_compiler
@settings(max_examples=100, suppress_health_check=list(HealthCheck))
@given(drawn=machines())
def test_the_native_engine_says_it_of_many(drawn: Drawn, folder: Path) -> None:
    agree(drawn, folder, "native")
