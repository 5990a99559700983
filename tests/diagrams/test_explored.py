"""The packed graph is the graph: folded, it equals what the reference evaluator's steps give."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest

from checker import Limits, Machine
from checker.engines.tracing import changes
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.language.machine import Snapshot, settings_of
from checker.language.resolving import state_type
from checker.verdict import Progress, Silent
from diagrams import explored, packed, projection, state_diagram
from diagrams.exchange import exchanged
from diagrams.explored import Exploration
from diagrams.paths import available, bind
from diagrams.projection import Edge, Fold, Projection
from examples.two_phase import TwoPhase
from tests.diagrams.machines import House, Post, Shelf


def evaluated(machine: Machine) -> Iterator[Edge]:
    """The edges of a machine, by the reference evaluator."""
    evaluator = Evaluator(lower(machine))
    seen = set()
    queue: deque[tuple[Snapshot | None, str, Snapshot]] = deque()
    queue += [(None, "", start.state) for start in evaluator.initial()]
    while queue:
        before, action, after = queue.popleft()
        yield Edge(before, action, after, after not in seen)
        if after not in seen:
            seen.add(after)
            for outcome in evaluator.outcomes(after):
                if outcome.state is not None:
                    queue.append((after, outcome.action.name, outcome.state))


def folded(machine: Machine, by: str) -> Projection:
    view = bind(by, state_type(type(machine), settings_of(machine)))
    exploration = Exploration(machine, Limits(), Silent())
    fold = Fold(view, exploration.sight(view))
    for edge in exploration:
        fold.take(edge)
    assert exploration.partial == ""
    return fold.result()


MACHINES = (TwoPhase(RM=2), House(Room=2), Post(Peer=1), Shelf(Peer=2))
"""Of which Post has steps past a bound and defects, Shelf a choice that cannot be computed."""


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: type(machine).__name__)
def test_every_view_of_the_packed_graph_equals_that_of_the_evaluated_one(machine: Machine) -> None:
    kind = state_type(type(machine), settings_of(machine))
    paths = [*available(kind), *(name for name, _ in kind.fields)]
    edges = list(evaluated(machine))
    for path in paths:
        assert folded(machine, path) == Projection.of(edges, bind(path, kind)), path


def test_counts_are_settled_as_often_as_room_demands(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = folded(TwoPhase(RM=3), "rm[*]")
    monkeypatch.setattr(projection, "ROOM", 5)
    assert folded(TwoPhase(RM=3), "rm[*]") == whole


class Watcher:
    """A reporter that keeps what it is told, and may lose patience."""

    def __init__(self, patience: int) -> None:
        self.told: list[Progress] = []
        self._patience = patience

    def progress(self, now: Progress) -> None:
        self.told.append(now)
        if len(self.told) > self._patience:
            raise KeyboardInterrupt


def test_progress_is_reported_and_an_interruption_leaves_a_partial_diagram(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(explored, "REPORT_EVERY", 0.0)
    monkeypatch.setattr(explored, "CHECK_EVERY", 10)
    patient = Watcher(1_000)
    whole = state_diagram(TwoPhase(RM=3), "tm", reporter=patient)
    assert whole.title == "TwoPhase by tm"
    assert [now.depth for now in patient.told] == sorted(now.depth for now in patient.told)
    assert patient.told[-1].distinct == 288
    assert patient.told[-1].depth == 11
    interrupted = state_diagram(TwoPhase(RM=3), "tm", reporter=Watcher(5))
    assert interrupted.title == "TwoPhase by tm (partial: interrupted)"
    assert "INIT  (" in interrupted.text


def test_messages_that_a_step_takes_are_told_with_its_action() -> None:
    def arrows(*, messages: bool) -> set[str]:
        lines = state_diagram(Post(Peer=1), "got[peer-0]", messages=messages).mermaid.splitlines()
        return {line.split(": ")[1] for line in lines if "-->" in line and ": " in line}

    assert arrows(messages=False) == {"receive"}
    assert arrows(messages=True) == {"receive(Hello)"}


def test_a_step_that_takes_no_message_has_its_plain_name() -> None:
    diagram = state_diagram(Post(Peer=1), "post", loops=True, messages=True)
    assert "send(" not in diagram.text
    assert "blow(" not in diagram.text
    assert "receive(Hello)" in diagram.text


def test_labels_with_messages_equal_those_of_unpacked_steps(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where what was compared is forgotten after every step."""
    machine = Post(Peer=2)
    kind = state_type(Post, settings_of(machine))
    view = bind("got[*]", kind)
    labelled = [edge._replace(action=edge.action + told(edge)) for edge in evaluated(machine)]
    for room in (projection.ROOM, 0):
        monkeypatch.setattr(packed, "ROOM", room)
        exploration = Exploration(Post(Peer=2), Limits(), Silent(), messages=True)
        fold = Fold(view, exploration.sight(view))
        for edge in exploration:
            fold.take(edge)
        assert fold.result() == Projection.of(labelled, view)


def told(edge: Edge) -> str:
    if edge.before is None:
        return ""
    _, went = exchanged(changes(edge.before, edge.after))
    return "(Hello)" if went else ""
