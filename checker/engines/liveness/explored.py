"""What an engine tells of the states that it has gone over a second time, and what comes of it.

The steps are a graph.  Beside it stands, for each predicate that a property of what happens
eventually is made of, in which states it holds, and in which it cannot be evaluated: such a
property is violated there, whatever happens afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from checker.engines.findings import Sight
from checker.engines.liveness.fairness import parties
from checker.engines.liveness.graph import Graph
from checker.engines.liveness.lassos import lasso, question
from checker.engines.liveness.predicates import predicates
from checker.language.ir import Program
from checker.language.machine import Snapshot

FALSE, TRUE, FAILS = 0, 1, 2
"""What a predicate comes to in a state."""

Truth = NDArray[np.int8]


@dataclass(frozen=True)
class Explored:
    """The second pass of an engine.

    truths  for each of the program's `predicates`, what it comes to in each state
    state   a state, by its number in the graph
    run     the states of a shortest run to it
    """

    graph: Graph
    truths: Sequence[Truth]
    state: Callable[[int], Snapshot]
    run: Callable[[int], tuple[Snapshot, ...]]


def answers(program: Program, found: Explored) -> dict[int, Sight | None]:
    """By number of the property: a run that violates it, or None where there is none."""
    truths: dict[int, list[Truth]] = {}
    for predicate, truth in zip(predicates(program), found.truths, strict=True):
        truths.setdefault(predicate.number, []).append(truth)
    return {number: _sight(program, number, found, own) for number, own in truths.items()}


def _sight(program: Program, number: int, found: Explored, truths: list[Truth]) -> Sight | None:
    failing = np.flatnonzero(np.any([truth == FAILS for truth in truths], axis=0))
    if len(failing):
        return Sight(found.run(int(failing[0])))
    asked = question(found.graph, program.properties[number], *(t == TRUE for t in truths))
    violation = lasso(found.graph, [party.strong for party in parties(program)], asked)
    if violation is None:
        return None
    return Sight(tuple(map(found.state, violation.states)), loop=violation.loop)
