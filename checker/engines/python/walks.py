"""Random walks over packed states, with a seed."""

from __future__ import annotations

import random

from checker.engines.python.compiler import State
from checker.engines.python.runtime import Signal
from checker.engines.python.search import CHECK_EVERY, OutOfBudget, Search
from checker.language.ir import Program
from checker.verdict import Limits, Reporter


class Walks(Search):
    """Walks of a program: one random successor after another.

    States that were seen before are checked as well as new ones are: what is kept is only the
    parent from which each was first reached, so that a trace can be told.
    """

    def __init__(
        self, program: Program, runs: int, depth: int, seed: int, limits: Limits,
        reporter: Reporter,
    ) -> None:  # fmt: skip
        super().__init__(program, limits, reporter)
        self._runs, self._length, self._random = runs, depth, random.Random(seed)
        self.taken = 0

    def _explore(self, level: list[State]) -> None:
        for _ in range(self._runs if level else 0):
            self._walk(self._random.choice(level))
            self.taken += 1
            self._look(0)

    def _walk(self, state: State) -> None:
        self.found.depth = max(self.found.depth, 1)
        for length in range(2, self._length + 1):
            if length % CHECK_EVERY == 0:
                self._look(0)
            states, which, ended = self._tried(state)
            if not states:
                if ended and self._of_ends:
                    self._check_end(state)
                return
            position = self._random.randrange(len(states))
            self.found.depth = max(self.found.depth, length)
            state = self._taken(state, states[position], which[position])

    def _tried(self, state: State) -> tuple[list[State], list[int], bool]:
        states: list[State] = []
        which: list[int] = []
        try:
            self.compiled.named("successors")(state, states, which)
            ended = not states
        except Signal:
            del self.compiled.broken[:]
            states, which, ended = self._carefully(state)
        self.found.generated += len(states)
        if self.compiled.broken:
            self._broken_steps()
        if self._of_steps or self._readings:
            self._check_steps(state, states)
        return states, which, ended

    def _taken(self, state: State, after: State, instance: int) -> State:
        self.found.fired[instance] += 1
        if after not in self.found.parents:
            self.found.parents[after] = state
            self.found.fresh[instance] += 1
            self._check_state(after)
            limit = self._limits.states
            if limit is not None and len(self.found.parents) > limit:
                raise OutOfBudget(f"{limit:,} states")
        return after
