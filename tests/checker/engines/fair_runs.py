"""A judge of fair runs by brute force: every set of states that a run could stay in is tried.

It shares nothing with the engines but the graph's arrays: no components, no recursion over what
is taken out, no breadth-first search.  For graphs of a handful of states.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

import numpy as np

from checker.engines.liveness.graph import NOBODY, Graph


@dataclass(frozen=True)
class Small:
    """A graph as sets: steps with their parties, and who could take a step that is cut off."""

    size: int
    starts: frozenset[int]
    steps: frozenset[tuple[int, int, int]]
    cuts: frozenset[tuple[int, int]]
    strong: tuple[bool, ...]

    def graph(self) -> Graph:
        """The same in arrays."""
        steps = np.array(sorted(self.steps), np.int32).reshape(-1, 3)
        cuts = np.array(sorted(self.cuts), np.int32).reshape(-1, 2)
        starts = np.array(sorted(self.starts), np.int32)
        sources, targets, parties = steps.T.copy()
        cut_states, cut_parties = cuts.T.copy()
        return Graph(
            self.size, starts, sources, targets, parties, cut_states, cut_parties, len(self.strong)
        )

    def reachable(self, entries: frozenset[int], among: frozenset[int]) -> frozenset[int]:
        """What can be reached from some states through others."""
        found = entries & among
        while True:
            more = found | {t for s, t, _ in self.steps if s in found and t in among}
            if more == found:
                return found
            found = more

    def fair(self, loop: frozenset[int]) -> bool:
        """Whether a run may stay in a set of states, seeing all of them again and again."""
        if any(self.reachable(frozenset([state]), loop) != loop for state in loop):
            return False
        return not any(self._put_off(party, loop) for party in range(len(self.strong)))

    def _put_off(self, party: int, loop: frozenset[int]) -> bool:
        able = {s for s, _, p in self.steps if p == party} | {s for s, p in self.cuts if p == party}
        acts = any(s in loop and t in loop for s, t, p in self.steps if p == party)
        return not acts and (bool(loop & able) if self.strong[party] else loop <= able)

    def violated(self, wrong: frozenset[int], asked: frozenset[int]) -> bool:
        """Whether a fair run stays in `wrong` for ever, once it is in one of `asked`."""
        everything = frozenset(range(self.size))
        entries = asked & wrong & self.reachable(self.starts, everything)
        return any(self.fair(loop) for loop in self.subsets(self.reachable(entries, wrong)))

    def subsets(self, states: frozenset[int]) -> Iterator[frozenset[int]]:
        """Every set of some states that is not empty."""
        for count in range(1, len(states) + 1):
            yield from map(frozenset, combinations(sorted(states), count))

    def is_run(self, states: Sequence[int]) -> bool:
        """Whether the states follow one another."""
        pairs = {(s, t) for s, t, _ in self.steps}
        return states[0] in self.starts and all(step in pairs for step in pairwise(states))

    def is_fair_loop(self, states: Sequence[int]) -> bool:
        """Whether a run that goes round these states, the first of which is the last, is fair."""
        steps = set(pairwise(states))
        own = frozenset(step for step in self.steps if step[:2] in steps)
        for party, strong in enumerate(self.strong):
            able = [self._able(party, state) for state in states]
            if (any(able) if strong else all(able)) and all(p != party for _, _, p in own):
                return False
        return True

    def _able(self, party: int, state: int) -> bool:
        return (state, party) in self.cuts or any(
            s == state and p == party for s, _, p in self.steps
        )


__all__ = ["NOBODY", "Small"]
