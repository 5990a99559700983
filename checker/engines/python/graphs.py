"""A second pass over the states that a search has found, for what happens eventually.

All steps are taken again, and written down as a graph; and in each state it is noted whether
the properties' predicates hold.  Only machines that have such properties are gone over twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable

import numpy as np

from checker.engines.liveness.explored import FAILS, FALSE, TRUE, Explored, Truth
from checker.engines.liveness.fairness import parties
from checker.engines.liveness.graph import NOBODY, Graph
from checker.engines.liveness.predicates import predicates
from checker.engines.python.compiler import Compiled, State
from checker.engines.python.observed import sight
from checker.engines.python.runtime import Signal
from checker.engines.python.search import CHECK_EVERY, Search, Seen
from checker.engines.python.watches import KNOWN_LIMIT, reads
from checker.language.ir import Expr


def explored(search: Search) -> Explored:
    """Go over everything again; OutOfBudget where the search's limits do not allow it."""
    compiled, unpack = search.compiled, search.compiled.layout.unpack
    states = tuple(search.found.parents)
    return Explored(
        graph=_Steps(search, states).graph(),
        truths=[
            _truth(compiled, compiled.condition(number), predicate.test, states)
            for number, predicate in enumerate(predicates(search.program))
        ],
        state=lambda number: unpack(states[number]),
        run=lambda number: sight(search, Seen(states[number])).run,
    )


def _truth(
    compiled: Compiled, predicate: Callable[..., object], test: Expr, states: tuple[State, ...]
) -> Truth:
    """What a predicate comes to in each state.

    It is evaluated once for all states in which it reads the same bits.
    """
    mask = reads(compiled.layouts, compiled.layout, test)
    known: dict[State, int] = {}
    found = np.empty(len(states), np.int8)
    for number, state in enumerate(states):
        key = state & mask
        if key not in known:
            if len(known) >= KNOWN_LIMIT:
                known.clear()
            try:
                known[key] = TRUE if predicate(state) else FALSE
            except Signal:
                known[key] = FAILS
        found[number] = known[key]
    return found


class _Steps:
    """The steps between some states."""

    def __init__(self, search: Search, states: tuple[State, ...]) -> None:
        self._search = search
        self._compiled = search.compiled
        self._states = states
        self._parties = parties(search.program)
        self._number = {state: number for number, state in enumerate(states)}
        self._known: dict[tuple[int, tuple[int, ...]], int] = {}
        self._sources, self._targets, self._owners = array("i"), array("i"), array("i")
        self._cut_states, self._cut_owners = array("i"), array("i")

    def graph(self) -> Graph:
        """The steps as a graph."""
        for number, state in enumerate(self._states):
            if number % CHECK_EVERY == 0:
                self._search._look(0)
            self._from(number, state)
        parents = self._search.found.parents
        starts = [self._number[state] for state, parent in parents.items() if state == parent]
        return Graph(
            size=len(self._states),
            starts=np.array(starts, np.int32),
            sources=np.array(self._sources, np.int32),
            targets=np.array(self._targets, np.int32),
            parties=np.array(self._owners, np.int32),
            cut_states=np.array(self._cut_states, np.int32),
            cut_parties=np.array(self._cut_owners, np.int32),
            owed=len(self._parties),
        )

    def _from(self, number: int, state: State) -> None:
        attempts = self._compiled.named("attempts")(state)
        begun = len(self._sources), len(self._cut_states)
        while True:
            try:
                instance, function, given = next(attempts)
            except StopIteration:
                return
            except Signal:  # a choice itself cannot be computed
                del self._sources[begun[0] :], self._targets[begun[0] :], self._owners[begun[0] :]
                del self._cut_states[begun[1] :], self._cut_owners[begun[1] :]
                self._by_evaluator(number, state)
                return
            try:
                after = function(state, *given)
            except Signal:
                self._cut(number, self._owner(instance, given))
                continue
            if after is not None and after != state:
                self._step(number, self._number[after], self._owner(instance, given))

    def _by_evaluator(self, number: int, state: State) -> None:
        layout = self._compiled.layout
        for outcome in self._search.evaluator.outcomes(layout.unpack(state)):
            owners = [
                owner
                for owner, party in enumerate(self._parties)
                if party.owns(outcome.action, outcome.arguments)
            ]
            if outcome.state is None:
                for owner in owners:
                    self._cut(number, owner)
            elif (after := layout.pack(outcome.state)) != state:
                self._step(number, self._number[after], owners[0] if owners else NOBODY)

    def _step(self, source: int, target: int, owner: int) -> None:
        self._sources.append(source)
        self._targets.append(target)
        self._owners.append(owner)

    def _cut(self, state: int, owner: int) -> None:
        if owner != NOBODY:
            self._cut_states.append(state)
            self._cut_owners.append(owner)

    def _owner(self, instance: int, given: tuple[int, ...]) -> int:
        """The party whose step it is to take an instance of an action."""
        key = instance, given
        if key not in self._known:
            if len(self._known) >= KNOWN_LIMIT:
                self._known.clear()
            action = self._compiled.instances[instance].action
            arguments = self._compiled.arguments(instance, given)
            owning = (n for n, party in enumerate(self._parties) if party.owns(action, arguments))
            self._known[key] = next(owning, NOBODY)
        return self._known[key]
