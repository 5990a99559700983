"""The graph of a machine as a stream of edges, breadth first, for a projection to fold.

States stay packed: the search needs no more than their bits, and a view reads its slots out of
them (`packed`).

With `messages`, an edge is labelled with its action and the kinds of the messages that the step
takes out of the state (`exchange`): `arrive(JoinGroupRequest)`.

A step that passes a bound or is a defect leads to no state and is no edge.  Where a limit ends
the search, what was seen by then has been handed out, and `partial` says why it is not the
whole.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from checker.engines.python.compiler import Compiled
from checker.engines.python.runtime import Signal
from checker.engines.python.search import memory_in_use
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.language.machine import Machine
from checker.verdict import Limits, Progress, Reporter
from diagrams.packed import Mail, sight
from diagrams.paths import View
from diagrams.projection import Edge, Sight

CHECK_EVERY = 1024
"""States between two looks at the clock and the memory."""
REPORT_EVERY = 0.2
"""Seconds between two reports of progress."""


class Exploration:
    """The edges of a machine's graph, between packed states; to be iterated once."""

    def __init__(
        self, machine: Machine, limits: Limits, reporter: Reporter, *, messages: bool = False
    ) -> None:
        # Properties are no business of a diagram; without them fewer functions are compiled.
        program = replace(lower(machine), properties=(), refinements=())
        self._evaluator = Evaluator(program)
        self._compiled = Compiled(program)
        self._names = [instance.action.name for instance in self._compiled.instances]
        self._mail = Mail(program.state, self._compiled.layout) if messages else None
        self._limits = limits
        self._reporter = reporter
        self._began = self._reported = time.monotonic()
        self._seen: set[int] = set()
        self._steps = 0
        self._depth = 0
        self.partial = ""

    def sight(self, view: View) -> Sight:
        """How a view sees the states of this graph."""
        return sight(view, self._compiled.layout)

    def __iter__(self) -> Iterator[Edge]:
        level: list[int] = []
        for start in self._evaluator.starts():
            if start.state is not None:
                state = self._compiled.layout.pack(start.state)
                yield from self._edges(None, [(start.action.name, state)], level)
        while level and not self.partial:
            self._depth += 1
            upcoming: list[int] = []
            for number, state in enumerate(level):
                if number % CHECK_EVERY == 0 and self._spent(len(level) - number + len(upcoming)):
                    return
                yield from self._edges(state, self._successors(state), upcoming)
            level = upcoming

    def _edges(
        self, before: int | None, steps: list[tuple[str, int]], upcoming: list[int]
    ) -> Iterator[Edge]:
        """The steps from a state, but those to new states that there is no room for."""
        seen = self._seen
        for action, after in steps:
            fresh = after not in seen
            if fresh:
                if self._full():
                    continue
                seen.add(after)
                upcoming.append(after)
            self._steps += 1
            label = action
            if self._mail is not None and before is not None:
                label += self._mail.taken(before, after)
            yield Edge(before, label, after, fresh)

    def _successors(self, state: int) -> list[tuple[str, int]]:
        states: list[int] = []
        which: list[int] = []
        try:
            self._compiled.named("successors")(state, states, which)
        except Signal:
            return self._carefully(state)
        names = self._names
        return [(names[number], after) for number, after in zip(which, states, strict=True)]

    def _carefully(self, state: int) -> list[tuple[str, int]]:
        """The steps from a state in which some action passes a bound or has a defect."""
        found: list[tuple[str, int]] = []
        attempts = self._compiled.named("attempts")(state)
        while True:
            try:
                number, function, given = next(attempts)
            except StopIteration:
                return found
            except Signal:  # what there is to choose among cannot be told: ask action by action
                return self._evaluated(state)
            try:
                after = function(state, *given)
            except Signal:
                continue
            if after is not None:
                found.append((self._names[number], after))

    def _evaluated(self, state: int) -> list[tuple[str, int]]:
        """The steps from a state, by the reference evaluator."""
        layout = self._compiled.layout
        return [
            (outcome.action.name, layout.pack(outcome.state))
            for outcome in self._evaluator.outcomes(layout.unpack(state))
            if outcome.state is not None
        ]

    def _full(self) -> bool:
        """Whether there is no room for another state, further away than the present level."""
        most, furthest = self._limits.states, self._limits.depth
        if most is not None and len(self._seen) >= most:
            self.partial = f"the first {most:,} states"
        elif furthest is not None and self._depth >= furthest:
            self.partial = f"the states within a depth of {furthest}"
        return bool(self.partial)

    def _spent(self, queued: int) -> bool:
        """Compare with the limits of time and memory, and report."""
        now, limits = time.monotonic(), self._limits
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            self._reporter.progress(
                Progress(len(self._seen), self._steps, self._depth, queued, now - self._began)
            )
        if limits.time is not None and now - self._began >= limits.time:
            self.partial = f"what was seen in {limits.time:g} s"
        elif limits.memory is not None and memory_in_use() >= limits.memory:
            self.partial = f"what fitted into {limits.memory:,} bytes"
        else:
            return False
        return True
