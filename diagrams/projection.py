"""Projections: a large graph of states folded onto the few values of one view of them.

A concrete graph has a node for every reachable state and an edge for every step.  Its projection
along a view (`paths.View`) has a node for every value that the view shows, and an arc

    v --action--> w      where some step of that action takes a slot of the view from v to w.

So a path in the concrete graph is a path in the projection, while the projection may have paths
that no run takes: it says what may follow one value, not what may follow a history.

The fold keeps counts and nothing of the states themselves, so that its memory is bounded and
does not grow with the graph.  Steps come grouped by the state they leave, as a breadth-first
search makes them; that state is then read once and not once a step.

Where slots are overlaid, a step counts for the slots that it changes, and what the others hold
meanwhile is no loop of theirs; a step that changes none is a loop of each.

Counts: a node's is the number of states that show its value (of pairs of state and slot, in an
overlay), an arc's that of the steps (and slots).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from checker.errors import RequestError
from checker.language.text import value_text
from diagrams.labels import rank
from diagrams.paths import View, universe

MOST_NODES = 100
"""More than these cannot be read, nor be laid out while one waits."""
ROOM = 50_000
"""Counts that are kept by key before they are settled."""


class Edge(NamedTuple):
    """A step of the concrete graph, or with `before` None an initial state.

    The states are Snapshots, or whatever else can be read.  `fresh` says whether `after` is met
    for the first time: each state is, exactly once.
    """

    before: Any
    action: str
    after: Any
    fresh: bool


@dataclass(frozen=True)
class Sight:
    """How states are read: a key of what the view shows of one, and what the key stands for.

    States with equal keys show the same values.
    """

    key: Callable[[Any], Hashable]
    values: Callable[[Any], tuple[Any, ...]]


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
    """A projection under way.

    `sight` reads states that are no Snapshots.  What it is asked for first is a key: the states
    of a large graph show few of them, and again and again.  Steps are counted by the keys at
    their ends; only from time to time, before the counts take much room, are they told apart by
    slots and values.
    """

    def __init__(self, view: View, sight: Sight | None = None) -> None:
        self._view = view
        self._sight = sight or Sight(view.values, lambda values: values)
        self._nodes: Counter[Any] = Counter()
        self._arcs: Counter[tuple[Any, str, Any]] = Counter()
        self._initial: set[Any] = set()
        self._states: Counter[Hashable] = Counter()  # by key, not yet in _nodes
        self._steps: Counter[tuple[Hashable, str, Hashable]] = Counter()  # nor in _arcs
        self._left: Any = None
        self._left_key: Hashable = None
        self._totals = [0, 0]

    def take(self, edge: Edge) -> None:
        """Add an edge; RequestError where the values have become too many."""
        before, action, after, fresh = edge
        key = self._sight.key(after)
        if fresh:
            if key not in self._states:
                self._meet(key)
            self._states[key] += 1
        if before is None:
            self._initial.update(self._sight.values(key))
            return
        if before is not self._left:
            self._left, self._left_key = before, self._sight.key(before)
        self._steps[self._left_key, action, key] += 1
        if len(self._steps) > ROOM:
            self._settle()

    def _meet(self, key: Hashable) -> None:
        """Make nodes of what a key shows, as soon as it is seen."""
        for value in self._sight.values(key):
            self._nodes[value] += 0
        if len(self._nodes) > MOST_NODES:
            raise RequestError(
                f"{self._view.path} takes more than {MOST_NODES} values: too many to draw",
                hint="choose a field with fewer values, or smaller sizes and bounds",
            )

    def _settle(self) -> None:
        """Turn the counts by keys into counts by values."""
        for key, states in self._states.items():
            self._totals[0] += states
            for value in self._sight.values(key):
                self._nodes[value] += states
        for (left, action, key), steps in self._steps.items():
            self._totals[1] += steps
            pairs = list(zip(self._sight.values(left), self._sight.values(key), strict=True))
            moved = [(source, target) for source, target in pairs if source != target]
            for source, target in moved or pairs:
                self._arcs[source, action, target] += steps
        self._states.clear()
        self._steps.clear()

    def result(self, partial: str = "") -> Projection:
        """What was folded; `partial` says why it is not the whole."""
        self._settle()
        unreached = [value for value in universe(self._view.type) if value not in self._nodes]
        values = sorted([*self._nodes, *unreached], key=rank)
        position = {value: number for number, value in enumerate(values)}
        nodes = tuple(Node(v, self._nodes[v], v in self._initial) for v in values)
        arcs = sorted(
            Arc(position[source], action, position[target], steps)
            for (source, action, target), steps in self._arcs.items()
        )
        states, steps = self._totals
        return Projection(self._view, nodes, tuple(arcs), states, steps, partial)
