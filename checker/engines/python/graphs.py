"""A second pass over the states that a search has found, for what happens eventually.

All steps are taken again, and written down as a graph; and in each state it is noted whether
the properties' predicates hold.  Only machines that have such properties are gone over twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from checker.engines.liveness.fairness import Party, parties
from checker.engines.liveness.graph import NOBODY, Graph, Mask
from checker.engines.liveness.lassos import Question, question
from checker.engines.python.compiler import Compiled, Instance, State
from checker.engines.python.runtime import Signal
from checker.engines.python.search import CHECK_EVERY, Search
from checker.engines.python.watches import reads
from checker.language.evaluator import Evaluator
from checker.language.ir import Expr


@dataclass(frozen=True)
class Explored:
    """What was explored.

    states     the states, by their numbers in the graph
    questions  by number of the property, what it asks
    failing    by number of the property, a state in which it cannot be evaluated
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
        goal = _Truth(search.compiled, search.compiled.predicate(number), prop.test)
        masks = [goal.mask(states)]
        if prop.leads_from is not None:
            trigger = _Truth(
                search.compiled, search.compiled.antecedent(number), prop.leads_from
            )
            masks.append(trigger.mask(states))
        unknown = [int(np.argmax(mask == _FAILS)) for mask in masks if np.any(mask == _FAILS)]
        if unknown:
            failing[number] = min(unknown)
        else:
            questions[number] = question(prop, *(mask == _HOLDS for mask in masks))
    return Explored(states, graph, questions, failing)
