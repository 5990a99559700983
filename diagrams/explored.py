"""The graph of a machine as a stream of edges, breadth first, for a projection to fold.

The reference evaluator takes the steps.  A step that passes a bound or is a defect leads to no
state and is no edge.  Where a limit ends the search, what was seen by then has been handed out,
and `partial` says why it is not the whole.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator

from checker.language.evaluator import Evaluator, Outcome
from checker.language.lowering import lower
from checker.language.machine import Machine, Snapshot
from checker.verdict import Limits
from diagrams.projection import Edge


class Exploration:
    """The edges of a machine's graph; to be iterated once."""

    def __init__(self, machine: Machine, limits: Limits) -> None:
        self._evaluator = Evaluator(lower(machine))
        self._limits = limits
        self._until = None if limits.time is None else time.monotonic() + limits.time
        self._depths: dict[Snapshot, int] = {}
        self._queue: deque[Snapshot] = deque()
        self.partial = ""

    def __iter__(self) -> Iterator[Edge]:
        for outcome in self._evaluator.starts():
            edge = self._edge(None, outcome)
            if edge is not None:
                yield edge
        while self._queue and not self._stopped():
            state = self._queue.popleft()
            if self._limits.depth is not None and self._depths[state] >= self._limits.depth:
                self.partial = f"the states within a depth of {self._limits.depth}"
                return
            for outcome in self._evaluator.outcomes(state):
                edge = self._edge(state, outcome)
                if edge is not None:
                    yield edge
            if self.partial:
                return

    def _edge(self, before: Snapshot | None, outcome: Outcome) -> Edge | None:
        """The step, unless it leads nowhere or to a state that there is no room for."""
        after = outcome.state
        if after is None:
            return None
        fresh = after not in self._depths
        if fresh:
            most = self._limits.states
            if most is not None and len(self._depths) >= most:
                self.partial = f"the first {most:,} states"
                return None
            self._depths[after] = 1 if before is None else self._depths[before] + 1
            self._queue.append(after)
        return Edge(before, outcome.action.name, after, fresh)

    def _stopped(self) -> bool:
        if self._until is not None and time.monotonic() > self._until:
            self.partial = f"the {len(self._depths):,} states seen in {self._limits.time:g} s"
        return bool(self.partial)
