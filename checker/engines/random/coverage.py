"""The coverage bridge: what share of a machine random walks have visited.

Walks are for sizes that no search can reach, where nobody can say how much of the machine they
have seen.  So they are measured where a search can: the same walks, of a configuration that has
been exhausted.  What they reach there says how they walk.

A *transition* is a state, an action, and arguments with which it fires there; the state that it
leads to is given by these.  A search generates each of them once, beside the starts.
"""

from __future__ import annotations

from dataclasses import dataclass

from checker.engines.random.native import Asked, Walker
from checker.language.ir import Program
from checker.verdict import Limits, Reporter

LARGEST = 1 << 62


@dataclass(frozen=True)
class Visited:
    """What walks have visited by the end of so many seconds; all but those are counts."""

    seconds: float
    walks: int
    steps: int
    states: int
    transitions: int


@dataclass(frozen=True)
class Measured:
    """Walks, and the machine that they were measured on.

    visited  at several moments, the last one at the end
    """

    states: int
    transitions: int
    visited: tuple[Visited, ...]

    @property
    def share_of_states(self) -> float:
        """Of the reachable states, how many were visited in the end."""
        return self.visited[-1].states / self.states

    @property
    def share_of_transitions(self) -> float:
        """Of the transitions, how many were taken in the end."""
        return self.visited[-1].transitions / self.transitions


def measured(
    program: Program,
    asked: Asked,
    moments: tuple[float, ...],
    totals: tuple[int, int],
    limits: Limits,
    reporter: Reporter,
) -> Measured:
    """Walk until the last of some moments, in seconds; `totals` are all states and transitions.

    Ends sooner where nothing is left to visit.  EngineError where there is no compiler.
    """
    walker = Walker(program)
    try:
        walker.want([])
        visited: list[Visited] = []
        for moment in moments:
            left = moment - walker.seconds
            walker.walk(asked, Limits(memory=limits.memory, time=left), reporter)
            run = walker.result
            visited.append(
                Visited(walker.seconds, run.taken, run.steps, run.states.count,
                        run.transitions.count)
            )  # fmt: skip
            if run.transitions.count >= totals[1] or walker.stopped == "interrupted":
                break
            walker.resume()
        return Measured(*totals, tuple(visited))
    finally:
        walker.close()
