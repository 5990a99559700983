"""Shortest ways through a graph: breadth first from several states at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from checker.engines.liveness.graph import Graph, Mask, Numbers

NEVER = -1


@dataclass(frozen=True)
class Ways:
    """The shortest ways from some entries, through some states.

    distance  of each state: when it is reached at the earliest, or NEVER
    previous  of each state: the one before it on such a way; NEVER of an entry
    """

    distance: Numbers
    previous: Numbers

    @property
    def reached(self) -> Mask:
        """The states that are reached."""
        found: Mask = self.distance != NEVER
        return found

    def to(self, state: int) -> list[int]:
        """The way to a state, from an entry on."""
        assert self.distance[state] != NEVER
        found = [state]
        while (before := int(self.previous[found[-1]])) != NEVER:
            found.append(before)
        return found[::-1]

    def nearest(self, among: Mask) -> int | None:
        """The first of some states to be reached; None where none is."""
        candidates = np.flatnonzero(among & self.reached)
        if not len(candidates):
            return None
        return int(candidates[np.argmin(self.distance[candidates])])


def ways(graph: Graph, arrival: Numbers, allowed: Mask) -> Ways:
    """The shortest ways through `allowed` states.

    arrival  of each state: when one may begin there, or NEVER; only `allowed` states count
    """
    distance = np.full(graph.size, NEVER, np.int32)
    previous = np.full(graph.size, NEVER, np.int32)
    entries = np.flatnonzero(allowed & (arrival != NEVER)).astype(np.int32)
    entries = entries[np.argsort(arrival[entries], kind="stable")]
    times = arrival[entries]
    frontier = entries[:0]
    time = done = 0
    while len(frontier) or done < len(entries):
        until = int(np.searchsorted(times, time, side="right"))
        begun = entries[done:until]
        begun = begun[distance[begun] == NEVER]
        distance[begun] = time
        sources, targets = graph.following(np.concatenate([frontier, begun]))
        new = allowed[targets] & (distance[targets] == NEVER)
        frontier, first = np.unique(targets[new], return_index=True)
        previous[frontier] = sources[new][first]
        time, done = time + 1, until
        distance[frontier] = time
    return Ways(distance, previous)


def from_states(graph: Graph, states: Numbers | list[int], allowed: Mask) -> Ways:
    """The shortest ways from some states through `allowed` ones, themselves included."""
    arrival = np.full(graph.size, NEVER, np.int32)
    arrival[states] = 0
    return ways(graph, arrival, allowed)
