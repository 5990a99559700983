"""Projections: a large graph of states folded onto the few values of one view of them.

A concrete graph has a node for every reachable state and an edge for every step.  Its projection
along a view (`paths.View`) has a node for every value that the view shows, and an arc

    v --action--> w      where some step of that action takes a slot of the view from v to w.

So a path in the concrete graph is a path in the projection, while the projection may have paths
that no run takes: it says what may follow one value, not what may follow a history.

The fold keeps counts of nodes and arcs and nothing of the states themselves, so that its memory
grows with the diagram and not with the graph.  Steps come grouped by the state they leave, as a
breadth-first search makes them; that state is then read once and not once a step.

Where slots are overlaid, a step counts for the slots that it changes, and what the others hold
meanwhile is no loop of theirs; a step that changes none is a loop of each.

Counts: a node's is the number of states that show its value (of pairs of state and slot, in an
overlay), an arc's that of the steps (and slots).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from checker.errors import RequestError
from checker.language.machine import Snapshot
from checker.language.text import value_text
from diagrams.labels import rank
from diagrams.paths import View, universe

MOST_NODES = 100
"""More than these cannot be read, nor be laid out while one waits."""


@dataclass(frozen=True)
class Edge:
    """A step of the concrete graph, or with `before` None an initial state.

    fresh   whether `after` is met for the first time: each state is, exactly once
    """

    before: Snapshot | None
    action: str
    after: Snapshot
    fresh: bool


@dataclass(frozen=True)
class Node:
    """A value of the view.

    states    how many states show it; 0 where none that was visited does
    initial   whether an initial state does
    """

    value: Any
    states: int
    initial: bool

    @property
    def label(self) -> str:
        """The value in words."""
        return value_text(self.value)


@dataclass(frozen=True, order=True)
class Arc:
    """Steps of one action from one value to another, or to itself; `source` and `target` are
    positions in the projection's nodes.
    """

    source: int
    action: str
    target: int
    steps: int


@dataclass(frozen=True)
class Projection:
    """A graph folded onto the values of a view; equal graphs give equal projections.

    states, steps   of the concrete graph
    partial         why that graph is not the whole; empty where it is
    """

    view: View
    nodes: tuple[Node, ...]
    arcs: tuple[Arc, ...]
    states: int
    steps: int
    partial: str = ""

    @staticmethod
    def of(edges: Iterable[Edge], view: View, *, partial: str = "") -> Projection:
        """Fold a graph; RequestError where the view takes more values than can be drawn."""
        fold = Fold(view)
        for edge in edges:
            fold.take(edge)
        return fold.result(partial)

    def leaves(self, node: int) -> bool:
        """Whether some step changes this value."""
        return any(arc.source == node != arc.target for arc in self.arcs)

    def final(self, node: int) -> bool:
        """Whether the value is reached and known never to change again."""
        return bool(not self.partial and self.nodes[node].states and not self.leaves(node))


class Fold:
    """A projection under way."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._nodes: Counter[Any] = Counter()
        self._arcs: Counter[tuple[Any, str, Any]] = Counter()
        self._initial: set[Any] = set()
        self._states = 0
        self._steps = 0
        self._left: Snapshot | None = None
        self._left_values: tuple[Any, ...] = ()

    def take(self, edge: Edge) -> None:
        """Add an edge; RequestError where the values have become too many."""
        values = self._view.values(edge.after)
        if edge.fresh:
            self._states += 1
            self._nodes.update(values)
            self._bound()
        if edge.before is None:
            self._initial.update(values)
            return
        if edge.before is not self._left:
            self._left, self._left_values = edge.before, self._view.values(edge.before)
        self._steps += 1
        pairs = list(zip(self._left_values, values, strict=True))
        moved = [(source, target) for source, target in pairs if source != target]
        for source, target in moved or pairs:
            self._arcs[source, edge.action, target] += 1

    def _bound(self) -> None:
        if len(self._nodes) > MOST_NODES:
            raise RequestError(
                f"{self._view.path} takes more than {MOST_NODES} values: too many to draw",
                hint="choose a field with fewer values, or smaller sizes and bounds",
            )

    def result(self, partial: str = "") -> Projection:
        """What was folded; `partial` says why it is not the whole."""
        unreached = [value for value in universe(self._view.type) if value not in self._nodes]
        values = sorted([*self._nodes, *unreached], key=rank)
        position = {value: number for number, value in enumerate(values)}
        nodes = tuple(Node(v, self._nodes[v], v in self._initial) for v in values)
        arcs = sorted(
            Arc(position[source], action, position[target], steps)
            for (source, action, target), steps in self._arcs.items()
        )
        return Projection(self._view, nodes, tuple(arcs), self._states, self._steps, partial)
