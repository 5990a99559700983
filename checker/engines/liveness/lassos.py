"""Lassos: runs that go on for ever and are fair, and in which something never happens.

A property of what happens eventually is violated by a run that from some point on stays among
states in which its predicate is false:

    eventually P           from a start on
    P whenever Q           from a state on in which Q is true
    again and again P      from anywhere on

If there is such a fair run there is one in the shape of a lasso: a stem, then a loop that is
gone round for ever; or the run stands still in its last state.  The stem given here is a
shortest one; the loop is made of shortest ways from witness to witness, so that it is short and
need not be shortest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from checker.engines.liveness.components import NOWHERE, fair_components
from checker.engines.liveness.graph import Graph, Mask
from checker.engines.liveness.walks import NEVER, from_states, ways
from checker.language.ir import Property


@dataclass(frozen=True)
class Question:
    """What is to happen, as masks over the states.

    goal   where the property's predicate holds
    asked  where a run may be when it is to begin waiting for that
    """

    goal: Mask
    asked: Mask


@dataclass(frozen=True)
class Lasso:
    """A run for ever: the last of its states is the one numbered `loop`, to which it returns.

    Where that is the last one itself, the run stands still there.
    """

    states: tuple[int, ...]
    loop: int


def question(graph: Graph, prop: Property, goal: Mask, trigger: Mask | None = None) -> Question:
    """What a property asks of a graph, where its predicates hold in these states."""
    if prop.again:
        return Question(goal, np.ones(graph.size, np.bool_))
    if trigger is not None:
        return Question(goal, trigger)
    asked = np.zeros(graph.size, np.bool_)
    asked[graph.starts] = True
    return Question(goal, asked)


def lasso(graph: Graph, strong: Sequence[bool], what: Question) -> Lasso | None:
    """A fair run in which what is asked never happens; None where there is none.

    strong  of each party of the graph: whether it is owed strong fairness, or weak
    """
    anywhere = np.ones(graph.size, np.bool_)
    wrong = ~what.goal
    to_entry = from_states(graph, graph.starts, anywhere)
    arrival = np.where(what.asked & wrong, to_entry.distance, np.int32(NEVER))
    inside = ways(graph, arrival, wrong)
    component = fair_components(graph, strong, inside.reached)
    nearest = inside.nearest(component != NOWHERE)
    if nearest is None:
        return None
    runs = []
    for end in (inside.nearest(graph.still), nearest):
        if end is not None:
            way = inside.to(end)
            stem = to_entry.to(way[0])[:-1] + way
            loop = _loop(graph, strong, component == component[end], end)
            runs.append(Lasso((*stem, *loop), len(stem) - 1))
    return min(runs, key=lambda run: len(run.states))


def _loop(graph: Graph, strong: Sequence[bool], within: Mask, entry: int) -> list[int]:
    """A fair way from a state of a fair component back to it; empty to stand still there.

    It goes to the nearest witness that the loop is fair to a party that it is not fair to yet,
    until there is none; then back.
    """
    run = [entry]
    while True:
        waiting = _put_off(graph, strong, run)
        if waiting:
            run += _to_witness(graph, strong, within, run[-1], waiting)
        elif run[-1] != entry:
            run += from_states(graph, [run[-1]], within).to(entry)[1:]
        else:
            return run[1:]


def _put_off(graph: Graph, strong: Sequence[bool], run: list[int]) -> set[int]:
    """The parties to which a loop through these states would not be fair."""
    able = [graph.enabled_in(state) for state in run]
    taken = set[int]().union(*(graph.taken_by(*step) for step in pairwise(run)))
    ever, always = set().union(*able), able[0].intersection(*able)
    return {party for party in ever - taken if strong[party] or party in always}


def _to_witness(
    graph: Graph, strong: Sequence[bool], within: Mask, state: int, waiting: set[int]
) -> list[int]:
    """The shortest way on from a state, after which one party less is put off."""
    around = from_states(graph, [state], within)
    found: list[list[int]] = []
    for party in sorted(waiting):
        sources, targets = graph.steps_of(party)
        inside = within[sources] & within[targets]
        if inside.any():
            steps = np.flatnonzero(inside)
            step = steps[np.argmin(around.distance[sources[steps]])]
            found.append([*around.to(int(sources[step]))[1:], int(targets[step])])
        rest = None if strong[party] else around.nearest(within & ~graph.enabled(party))
        if rest is not None:
            found.append(around.to(rest)[1:])
    return min(found, key=len)
