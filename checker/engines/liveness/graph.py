"""The explored states as a graph, in numbers: what a search for fair cycles works on.

States are numbered from 0.  A step from one state to another is listed once for each *party* to
which the machine is fair and whose step it is, and once without a party (`NOBODY`) where there
is none.  A party is an action, or an action with one value of a parameter (`fairness.Party`).

A step that changes nothing is not in the graph: such a step is no step, as in TLA+, where
fairness speaks of <A>_vars.  Standing still is always possible and needs no edge.

A *cut* is a step that was not explored, because it passes a bound or has a defect.  Its party
could act, and what follows is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int32]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

NOBODY = -1
"""The party of a step that is owed to no one."""


@dataclass(frozen=True)
class Graph:
    """The states that were explored, and the steps between them.

    size                  how many states
    starts                the initial ones
    sources, targets      of each step: from where to where, sorted by `sources`
    parties               and whose step it is
    cut_states, cut_parties   where somebody could take a step that was not explored
    owed                  how many parties there are
    """

    size: int
    starts: Numbers
    sources: Numbers
    targets: Numbers
    parties: Numbers
    cut_states: Numbers
    cut_parties: Numbers
    owed: int

    def __post_init__(self) -> None:
        assert not np.any(self.sources == self.targets)
        assert np.all(self.sources[1:] >= self.sources[:-1])

    @cached_property
    def _first(self) -> Places:
        """Of each state the place of its first step; and one place more."""
        return np.searchsorted(self.sources, np.arange(self.size + 1)).astype(np.int64)

    @cached_property
    def _of_parties(self) -> tuple[Places, Places]:
        """The places of all steps by party, and of each party the place among them."""
        order = np.argsort(self.parties, kind="stable")
        return order, np.searchsorted(self.parties[order], np.arange(self.owed + 1))

    def steps_of(self, party: int) -> tuple[Numbers, Numbers]:
        """The steps of a party: from where, to where."""
        order, first = self._of_parties
        chosen = order[first[party] : first[party + 1]]
        return self.sources[chosen], self.targets[chosen]

    def enabled(self, party: int) -> Mask:
        """The states in which a party can take a step that changes something."""
        found = np.zeros(self.size, np.bool_)
        found[self.steps_of(party)[0]] = True
        found[self.cut_states[self.cut_parties == party]] = True
        return found

    @cached_property
    def still(self) -> Mask:
        """The states in which nobody to whom the machine is fair can do anything."""
        found = np.ones(self.size, np.bool_)
        found[self.sources[self.parties != NOBODY]] = False
        found[self.cut_states] = False
        return found

    def enabled_in(self, state: int) -> set[int]:
        """The parties that can take a step in a state."""
        taken = self.parties[self._first[state] : self._first[state + 1]]
        cut = self.cut_parties[self.cut_states == state]
        return set(taken.tolist()) - {NOBODY} | set(cut.tolist())

    def taken_by(self, source: int, target: int) -> set[int]:
        """The parties whose step leads from one state to another."""
        chosen = slice(self._first[source], self._first[source + 1])
        return set(self.parties[chosen][self.targets[chosen] == target].tolist()) - {NOBODY}

    def following(self, states: Numbers) -> tuple[Numbers, Numbers]:
        """The steps from some states: from where, to where."""
        first = self._first[states]
        counts = self._first[states + 1] - first
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        places = np.arange(total) + np.repeat(first - ends + counts, counts)
        return np.repeat(states, counts), self.targets[places]
