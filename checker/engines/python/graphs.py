"""A second pass over the states that a search has found, for what happens eventually.

All steps are taken again, and written down as a graph; and in each state it is noted whether
the properties' predicates hold.  Only machines that have such properties are gone over twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from checker.engines.liveness.fairness import parties
from checker.engines.liveness.graph import NOBODY, Graph
from checker.engines.liveness.lassos import Question, question
from checker.engines.python.compiler import Compiled, State
from checker.engines.python.runtime import Signal
from checker.engines.python.search import CHECK_EVERY, Search
from checker.engines.python.watches import KNOWN_LIMIT, reads
from checker.language.ir import Expr


@dataclass(frozen=True)
class Explored:
    """What was explored.

    states     the states, by their numbers in the graph
    questions  by number of the property, what it asks
    failing    by number of the property, the first state in which it cannot be evaluated
    """

    states: tuple[State, ...]
    graph: Graph
    questions: Mapping[int, Question]
    failing: Mapping[int, int]


def explored(search: Search) -> Explored:
    """Go over everything again; OutOfBudget where the search's limits do not allow it."""
    states = tuple(search.found.parents)
    graph = _Steps(search, states).graph()
    questions, failing = {}, {}
    for number, prop in enumerate(search.program.properties):
        if prop.kind != "eventually":
            continue
        compiled = search.compiled
        truths = [_truth(compiled, compiled.predicate(number), prop.test, states)]
        if prop.leads_from is not None:
            antecedent = compiled.antecedent(number)
            truths.append(_truth(compiled, antecedent, prop.leads_from, states))
        if any(len(truth) < len(states) for truth in truths):
            failing[number] = min(map(len, truths))
        else:
            questions[number] = question(graph, prop, *(np.array(t, np.bool_) for t in truths))
    return Explored(states, graph, questions, failing)


def _truth(
    compiled: Compiled, predicate: Callable[..., object], test: Expr, states: tuple[State, ...]
) -> array[int]:
    """Whether a predicate holds in each state, up to one in which it cannot be evaluated.

    It is evaluated once for all states in which it reads the same bits.
    """
    mask = reads(compiled.layouts, compiled.layout, test)
    known: dict[State, bool] = {}
    found = array("b")
    for state in states:
        key = state & mask
        if key not in known:
            if len(known) >= KNOWN_LIMIT:
                known.clear()
            try:
                known[key] = bool(predicate(state))
            except Signal:
                break
        found.append(known[key])
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
