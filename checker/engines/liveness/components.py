"""Fair components: where a run can stay for ever without putting anybody off who is owed a step.

A run stays in the end in one strongly connected part of the graph, a single state that it does
not leave included (as in TLA+, it may stutter).  The part must be fair:

- weakly, to a party: somewhere in it the party can do nothing, or one of its steps lies in it;
- strongly: nowhere in it can the party do anything, or one of its steps lies in it.

Where a strongly connected part is not weakly fair to a party, no part of it is either: the party
could act everywhere in it.  Where it is not strongly fair, a part of it may be, one without the
states in which that party can act.  So those are taken out, and what is left is taken apart
again, until everything is fair or gone (the emptiness of a Streett automaton).

The runs of several parts of a graph are judged at once, each rule by a few operations on arrays.
The strongly connected parts are found by scipy.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from checker.engines.liveness.graph import Graph, Mask, Numbers

NOWHERE = -1


def fair_components(graph: Graph, strong: Sequence[bool], region: Mask) -> Numbers:
    """Of each state the number of its fair component within `region`; NOWHERE if it has none.

    strong  of each party: whether it is owed strong fairness, or weak
    """
    found = np.full(graph.size, NOWHERE, np.int32)
    left = region.copy()
    known = 0
    while left.any():
        component, count = _components(graph, left)
        unfair = np.zeros(count, np.bool_)
        split = np.zeros(count, np.bool_)
        removed = np.zeros(graph.size, np.bool_)
        for party, strongly in enumerate(strong):
            able = graph.enabled(party) & left
            acts = _acting(graph, party, component, count)
            if strongly:
                waiting = able.copy()
                waiting[able] = ~acts[component[able]]
                removed |= waiting
                split[component[waiting]] = True
            else:
                rests = np.zeros(count, np.bool_)
                rests[component[left & ~able]] = True
                unfair |= ~acts & ~rests
        inside = np.flatnonzero(left)
        fair = inside[~(unfair | split)[component[inside]]]
        found[fair] = component[fair] + known
        known += count
        again = inside[(split & ~unfair)[component[inside]]]
        left = np.zeros(graph.size, np.bool_)
        left[again] = True
        left &= ~removed
    return found


def _components(graph: Graph, left: Mask) -> tuple[Numbers, int]:
    """The strongly connected components of some states, and how many there are."""
    inside = np.flatnonzero(left)
    number = np.full(graph.size, NOWHERE, np.int32)
    number[inside] = np.arange(len(inside), dtype=np.int32)
    kept = left[graph.sources] & left[graph.targets]
    sources, targets = number[graph.sources[kept]], number[graph.targets[kept]]
    ones = np.ones(len(sources), np.bool_)
    matrix = csr_matrix((ones, (sources, targets)), shape=(len(inside), len(inside)))
    count, component = connected_components(matrix, directed=True, connection="strong")
    found = np.full(graph.size, NOWHERE, np.int32)
    found[inside] = component
    return found, int(count)


def _acting(graph: Graph, party: int, component: Numbers, count: int) -> Mask:
    """The components in which a step of a party lies."""
    sources, targets = (component[states] for states in graph.steps_of(party))
    found = np.zeros(count, np.bool_)
    found[sources[(sources == targets) & (sources != NOWHERE)]] = True
    return found
