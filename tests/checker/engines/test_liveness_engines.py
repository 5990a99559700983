"""What happens eventually, by either engine: the same answers, the same runs, the same limits."""

from __future__ import annotations

from typing import Annotated, Any

import pytest

from checker import (
    Bag,
    Capacity,
    Index,
    Limits,
    Machine,
    Map,
    Range,
    Record,
    Seq,
    Verdict,
    action,
    check,
    each,
    eventually,
    replay,
    require,
)
from checker.check import Engine
from checker.engines import native
from checker.engines.liveness.explored import Explored
from checker.engines.native.engine import NativeSearch
from checker.engines.native.graphs import explored
from checker.engines.python import graphs
from checker.engines.python.search import OutOfBudget, Search
from checker.language.lowering import lower
from checker.verdict import Silent
from tests.checker.engines.test_liveness import Climber, Faulty, Shop, Table

needs_a_compiler = pytest.mark.skipif(native.compiler() is None, reason="no C compiler is found")
ENGINES = [pytest.param("python"), pytest.param("native", marks=needs_a_compiler)]


class Peer(Index):
    """Somebody with a shelf."""


class Letter(Record):
    """What lies on shelves: of more kinds than can be numbered."""

    path: Annotated[Seq[Peer], Capacity(8)]
    number: Annotated[int, Range(0, 3)]


class Shelves(Machine):
    """Which letter is taken cannot be told before somebody looks; and looking is owed to nobody."""

    shelves: Map[Peer, Annotated[Bag[Letter], Capacity(2)]]
    looked_at: Annotated[Seq[Peer], Capacity(1)]
    heights: Map[Peer, Annotated[int, Range(2, 4)]] = each(2)

    @action
    def look(self, p: Peer) -> None:
        """Somebody looks at a shelf."""
        require(len(self.looked_at) == 0)
        self.looked_at.append(p)

    @action
    def put(self, p: Peer) -> None:
        """A letter is put on a shelf."""
        require(len(self.shelves[p]) == 0)
        self.shelves[p].add(Letter(Seq([p]), 0))

    @action(fair="weak", by="p")
    def take(self, m: Letter, p: Peer) -> None:
        """A letter is taken from the shelf that is looked at; a defect where none is."""
        require(m in self.shelves[self.looked_at[0]])
        self.shelves[p].remove(m)
        self.looked_at.clear()

    @action(fair="strong", by="h")
    def climb(self, p: Peer, h: Annotated[int, Range(2, 4)]) -> None:
        """Heights are numbers that do not begin at 0: to each the machine is fair."""
        require(self.heights[p] < h)
        self.heights[p] = h

    @eventually
    def is_looked_at(self) -> bool:
        """Until somebody looks, everybody is owed a step that has a defect."""
        return len(self.looked_at) > 0

    @eventually
    def has_letters(self) -> bool:
        """Once somebody has looked, nothing is owed but climbing."""
        return any(len(self.shelves[p]) > 0 for p in Peer)

    @eventually(again=True)
    def stays_low(self) -> bool:
        """Whoever climbs stays there."""
        return all(self.heights[p] < 4 for p in Peer)


def runs(machine: Machine, verdict: Verdict) -> dict[str, Any]:
    """Of each property what it comes to, and how long stem and loop are."""
    for finding in verdict.findings:
        if finding.trace is not None:
            replay(machine, finding.trace)
    return {
        f.id: (f.result, f.trace and (f.trace.loop, len(f.trace.steps)))
        for f in verdict.findings
        if f.kind == "eventually"
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        (
            Shelves(Peer=2),
            {
                "is_looked_at": ("holds", None),
                "has_letters": ("violated", (3, 3)),
                "stays_low": ("violated", (3, 3)),
            },
        ),
        (Climber(Height=2, eager=False), {"arrives": ("violated", (1, 1))}),
        (Faulty(), {"small": ("violated", (None, 2)), "ends": ("violated", (None, 0))}),
        (Shop(Diner=2), {"last_is_tired": ("holds", None)}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_engines_agree(machine: Machine, expected: dict[str, Any], engine: Engine) -> None:
    assert runs(machine, check(machine, engine=engine)) == expected


@pytest.mark.parametrize("engine", ENGINES)
def test_a_word_that_acts_is_fair_as_a_whole_for_either(engine: Engine) -> None:
    machine = Table(Diner=2)
    found = runs(machine, check(machine, engine=engine))
    assert found.pop("last_is_served") == ("violated", (0, 10))
    assert set(found.values()) == {("holds", None)}


def as_values(found: Explored) -> Any:
    """A second pass without its numbers: steps and cuts by state and party, and the predicates."""
    graph = found.graph
    states = [found.state(number) for number in range(graph.size)]
    steps = zip(graph.sources, graph.targets, graph.parties, strict=True)
    cuts = zip(graph.cut_states, graph.cut_parties, strict=True)
    return (
        {states[number] for number in graph.starts},
        {(states[source], states[target], int(party)) for source, target, party in steps},
        {(states[state], int(party)) for state, party in cuts},
        [dict(zip(states, truth.tolist(), strict=True)) for truth in found.truths],
    )


@needs_a_compiler
@pytest.mark.parametrize("machine", [Shelves(Peer=2), Faulty()], ids=["shelves", "faulty"])
def test_the_engines_draw_the_same_graph(machine: Machine) -> None:
    program = lower(machine)
    compiled = NativeSearch(program, Limits(), Silent(), native.Options(workers=2))
    compiled.run()
    interpreted = Search(program, Limits(), Silent())
    interpreted.run()
    expected = as_values(graphs.explored(interpreted))
    assert as_values(explored(compiled)) == expected
    compiled.close()
    assert {party for _, party in expected[2]} == ({0, 1} if program.name == "Shelves" else set())


@needs_a_compiler
def test_threads_leave_holes_that_are_no_states() -> None:
    machine = Table(Diner=3)
    one = runs(machine, check(machine, engine="native"))
    two = runs(machine, check(machine, engine="native", workers=2))
    assert one == two
    assert one["last_is_served"][0] == "violated"


@needs_a_compiler
def test_where_memory_is_short_or_states_are_not_kept_it_is_unknown() -> None:
    short = check(Table(Diner=3), engine="native", limits=Limits(memory=2_110_000))
    assert short.complete
    assert {f.why for f in short.findings if f.kind == "eventually"} == {
        "2,110,000 bytes of memory"
    }
    machine = Shelves(Peer=3)
    kept = check(machine, engine="native", fingerprints=True)
    assert {f.why for f in kept.findings if f.kind == "eventually"} == {
        "of fingerprints alone the states cannot be gone over again"
    }


@pytest.mark.parametrize(
    ("raised", "why"), [(OutOfBudget("5 seconds"), "5 seconds"), (KeyboardInterrupt, "interrupted")]
)
def test_a_second_pass_that_does_not_end_leaves_it_unknown(
    monkeypatch: pytest.MonkeyPatch, raised: Any, why: str
) -> None:
    def look(_self: object, _queued: int) -> None:
        raise raised

    monkeypatch.setattr(graphs, "CHECK_EVERY", 5)
    began = graphs._Steps.graph

    def graph(self: Any) -> Any:
        monkeypatch.setattr(type(self._search), "_look", look)
        return began(self)

    monkeypatch.setattr(graphs._Steps, "graph", graph)
    verdict = check(Table(Diner=2))
    assert verdict.complete
    assert verdict.exit_status == 3
    assert {(f.result, f.why) for f in verdict.findings if f.kind == "eventually"} == {
        ("unknown", why)
    }
    assert verdict.finding("well-defined").result == "holds"
