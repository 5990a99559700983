"""Projections: the fold over edges gives what the definition says, for any graph."""

from __future__ import annotations

import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker.errors import RequestError
from checker.language.machine import Snapshot, settings_of
from checker.language.resolving import state_type
from checker.language.values import freeze
from diagrams.paths import bind
from diagrams.projection import MOST_NODES, Arc, Edge, Projection
from tests.diagrams.machines import House, Lamp, Room
from verdict import Map, Seq

STATE = state_type(House, settings_of(House(Room=2)))
FIXTURE = dict(STATE.fields)["porch"]
ACTIONS = ("dim", "flash", "glow")


def fixture(lamp: Lamp, used: int) -> Snapshot:
    return Snapshot(FIXTURE.cls, (("lamp", lamp), ("used", used)))  # type: ignore[attr-defined]


@st.composite
def states(draw: st.DrawFn) -> Snapshot:
    """A state of a house with two rooms, of which only some fields vary."""
    lamps = [draw(st.sampled_from((Lamp.OFF, Lamp.ON))) for _ in range(3)]
    parts = [fixture(lamp, draw(st.integers(0, 1))) for lamp in lamps]
    return Snapshot(
        House,
        (
            ("fixtures", freeze(Map({Room(0): parts[0], Room(1): parts[1]}))),
            ("porch", parts[2]),
            ("sky", freeze(Map({False: Lamp.ON, True: Lamp.OFF}))),
            ("plan", None),
            ("mood", None),
            ("queue", freeze(Seq())),
        ),
    )


@st.composite
def graphs(draw: st.DrawFn) -> list[Edge]:
    """Edges as a breadth-first search hands them out: by the state they leave, each fresh once."""
    pool = draw(st.lists(states(), min_size=1, max_size=8, unique=True))
    found: list[Snapshot] = []
    edges = []

    def add(before: Snapshot | None, action: str, after: Snapshot) -> None:
        edges.append(Edge(before, action, after, fresh=after not in found))
        if after not in found:
            found.append(after)

    for state in draw(st.lists(st.sampled_from(pool), min_size=1, max_size=3)):
        add(None, "", state)
    for before in found:  # grows meanwhile
        for after in draw(st.lists(st.sampled_from(pool), max_size=4)):
            add(before, draw(st.sampled_from(ACTIONS)), after)
    return edges


PATHS = st.sampled_from(
    ("porch.lamp", "porch", "fixtures[room-1].used", "fixtures[*].lamp", "fixtures[*].used", "mood")
)


@given(graphs(), PATHS)
def test_the_fold_equals_the_definition(edges: list[Edge], path: str) -> None:
    view = bind(path, STATE)
    slots = range(len(view.slots))
    projection = Projection.of(edges, view)
    names = [node.value for node in projection.nodes]

    visited = {edge.after for edge in edges}
    steps = [edge for edge in edges if edge.before is not None]
    shown = Counter(view.values(state)[slot] for state in visited for slot in slots)
    expected: Counter[tuple[object, str, object]] = Counter()
    for edge in steps:
        assert edge.before is not None
        before, after = view.values(edge.before), view.values(edge.after)
        still = before == after
        expected.update(
            (before[slot], edge.action, after[slot])
            for slot in slots
            if still or before[slot] != after[slot]
        )

    assert {node.value: node.states for node in projection.nodes if node.states} == shown
    assert {node.value for node in projection.nodes if node.initial} == {
        view.values(edge.after)[slot] for edge in edges if edge.before is None for slot in slots
    }
    assert {
        (names[a.source], a.action, names[a.target]): a.steps for a in projection.arcs
    } == expected
    assert (projection.states, projection.steps) == (len(visited), len(steps))
    for number, value in enumerate(names):
        leaving = any(source == value != target for source, _, target in expected)
        assert projection.final(number) == (value in shown and not leaving)


@given(graphs(), st.randoms(use_true_random=False))
def test_the_order_of_steps_does_not_matter(edges: list[Edge], random: Random) -> None:
    view = bind("fixtures[*].lamp", STATE)
    shuffled = list(edges)
    random.shuffle(shuffled)
    assert Projection.of(shuffled, view) == Projection.of(edges, view)


def test_unreached_values_of_an_enum_are_nodes() -> None:
    here = state_with_porch(Lamp.OFF)
    projection = Projection.of([Edge(None, "", here, fresh=True)], bind("porch.lamp", STATE))
    assert [(n.label, n.states, n.initial) for n in projection.nodes] == [
        ("OFF", 1, True),
        ("ON", 0, False),
        ("BROKEN", 0, False),
    ]
    assert [projection.final(number) for number in range(3)] == [True, False, False]


def test_a_partial_graph_claims_no_end() -> None:
    edges = [Edge(None, "", state_with_porch(Lamp.OFF), fresh=True)]
    partial = Projection.of(edges, bind("porch.lamp", STATE), partial="the first state")
    assert not partial.final(0)


def test_bystanders_make_no_loops() -> None:
    off, on = fixture(Lamp.OFF, 0), fixture(Lamp.ON, 0)
    before, after = state_with_fixtures(off, off), state_with_fixtures(off, on)
    view = bind("fixtures[*].lamp", STATE)
    edges = [Edge(None, "", before, fresh=True), Edge(before, "glow", after, fresh=True)]
    assert Projection.of(edges, view).arcs == (Arc(0, "glow", 1, 1),)
    edges.append(Edge(after, "dim", after, fresh=False))
    assert Projection.of(edges, view).arcs == (
        Arc(0, "dim", 0, 1),
        Arc(0, "glow", 1, 1),
        Arc(1, "dim", 1, 1),
    )


def test_too_many_values_are_refused_as_soon_as_there_are_too_many() -> None:
    taken = 0

    def endless() -> Iterator[Edge]:
        nonlocal taken
        while True:
            taken += 1
            yield Edge(None, "", state_with_queue(taken), fresh=True)

    with pytest.raises(RequestError, match="queue takes more than 100 values: too many to draw"):
        Projection.of(endless(), bind("queue", STATE))
    assert taken == MOST_NODES + 1


def test_the_fold_keeps_no_state() -> None:
    """Its memory is that of the diagram: of a thousand states one at most is alive."""
    alive: list[weakref.ref[object]] = []

    class Noticed(Seq[Room]):
        """A value that can be watched."""

        __slots__ = ("__weakref__",)

    def edges() -> Iterator[Edge]:
        before = None
        for _ in range(1000):
            noticed = Noticed()
            noticed._frozen = True
            alive.append(weakref.ref(noticed))
            after = Snapshot(House, (("porch", fixture(Lamp.ON, 0)), ("queue", noticed)))
            yield Edge(before, "glow", after, fresh=True)
            before = after
            del noticed, after
            gc.collect(0)
            assert sum(one() is not None for one in alive) <= 3

    assert Projection.of(edges(), bind("porch.lamp", STATE)).states == 1000


def state_with_porch(lamp: Lamp) -> Snapshot:
    return Snapshot(House, (("porch", fixture(lamp, 0)),))


def state_with_fixtures(first: Snapshot, second: Snapshot) -> Snapshot:
    return Snapshot(House, (("fixtures", freeze(Map({Room(0): first, Room(1): second}))),))


def state_with_queue(length: int) -> Snapshot:
    return Snapshot(House, (("queue", freeze(Seq([Room(0)] * length))),))
