"""Fair cycles in random small graphs: the components found, and a judge that tries everything."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from checker.engines.liveness.components import NOWHERE, fair_components
from checker.engines.liveness.lassos import Lasso, Question, lasso
from tests.checker.engines.fair_runs import NOBODY, Small

SIZE = 6


@st.composite
def graphs(draw: st.DrawFn) -> Small:
    """A graph of two to six states with one to three parties, most of which can often act."""
    size = draw(st.integers(2, SIZE))
    strong = tuple(draw(st.lists(st.booleans(), min_size=1, max_size=3)))
    count = draw(st.integers(size, 4 * size))
    steps = {
        (
            draw(st.integers(0, size - 1)),
            draw(st.integers(0, size - 1)),
            draw(st.integers(NOBODY, len(strong) - 1)),
        )
        for _ in range(count)
    }
    pairs = st.tuples(st.integers(0, size - 1), st.integers(0, len(strong) - 1))
    cuts = draw(st.frozensets(pairs, max_size=2))
    starts = draw(st.frozensets(st.integers(0, size - 1), min_size=1, max_size=2))
    return Small(size, starts, frozenset((s, t, p) for s, t, p in steps if s != t), cuts, strong)


def subsets(graph: Small) -> st.SearchStrategy[frozenset[int]]:
    """Some of the states, mostly many."""
    everything = frozenset(range(graph.size))
    few = st.frozensets(st.sampled_from(sorted(everything)), max_size=2)
    return few.map(lambda some: everything - some) | few


def mask(graph: Small, states: frozenset[int]) -> np.typing.NDArray[np.bool_]:
    return np.isin(np.arange(graph.size), list(states))


def answer(graph: Small, wrong: frozenset[int], asked: frozenset[int]) -> Lasso | None:
    return lasso(graph.graph(), graph.strong, Question(~mask(graph, wrong), mask(graph, asked)))


@settings(max_examples=200)
@given(st.data())
def test_a_fair_run_is_found_where_there_is_one(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    wrong, asked = data.draw(subsets(graph)), data.draw(subsets(graph))
    found = answer(graph, wrong, asked)
    event("violated" if found else "holds")
    assert (found is not None) == graph.violated(wrong, asked)


@settings(max_examples=200)
@given(st.data())
def test_what_is_found_is_a_fair_run_that_waits_in_vain(data: st.DataObject) -> None:
    graph = data.draw(graphs())
    wrong, asked = data.draw(subsets(graph)), data.draw(subsets(graph))
    found = answer(graph, wrong, asked)
    if found is None:
        return
    run, loop = found.states, found.states[found.loop :]
    event(f"a loop of {len(loop) - 1}")
    assert graph.is_run(run)
    assert run[found.loop] == run[-1]
    assert graph.is_fair_loop(loop)
    waiting = next(n for n in range(len(run)) if run[n] in asked and set(run[n:]) <= wrong)
    assert waiting <= found.loop


@settings(max_examples=100)
@given(graphs())
def test_fair_components_are_the_largest_fair_sets(graph: Small) -> None:
    everything = frozenset(range(graph.size))
    component = fair_components(graph.graph(), graph.strong, mask(graph, everything))
    found = {
        frozenset(np.flatnonzero(component == number).tolist())
        for number in set(component.tolist()) - {NOWHERE}
    }
    assert all(graph.fair(one) for one in found)
    for one in graph.subsets(everything):
        assert not graph.fair(one) or any(one <= whole for whole in found)


RING = Small(
    size=3,
    starts=frozenset([0]),
    steps=frozenset([(0, 1, NOBODY), (1, 2, NOBODY), (2, 0, NOBODY), (1, 0, 0), (2, 1, 1)]),
    cuts=frozenset(),
    strong=(True, True),
)
"""A ring in which two parties are owed a step, back from state 1 and back from state 2."""


@pytest.mark.parametrize(
    ("graph", "loop"),
    [
        (replace(RING, strong=(False, False)), (0,)),  # in state 0 nobody is able
        (replace(RING, cuts=frozenset([(0, 0), (0, 1)])), (0, 1, 0, 1, 2, 1, 0)),
        (replace(RING, cuts=frozenset([(0, 0)])), (0, 1, 0)),
        (replace(RING, cuts=frozenset([(0, 1)])), (0, 1, 2, 1, 0)),
    ],
)
def test_a_loop_goes_from_witness_to_witness(graph: Small, loop: tuple[int, ...]) -> None:
    everything = frozenset(range(3))
    found = answer(graph, everything, everything)
    assert found is not None
    assert (found.states, found.loop) == (loop, 0)


def test_what_is_taken_out_is_taken_out_again_and_again() -> None:
    """Each party waits in the last state of a chain; without it, the next chain is shorter."""
    size = 9
    steps = {(n, n + 1, NOBODY) for n in range(size - 1)} | {
        (n, n - 1, NOBODY) for n in range(1, size)
    }
    cuts = frozenset((n + 2, n) for n in range(size - 2))
    graph = Small(size, frozenset([0]), frozenset(steps), cuts, (True,) * (size - 2))
    everything = mask(graph, frozenset(range(size)))
    component = fair_components(graph.graph(), graph.strong, everything)
    assert np.flatnonzero(component != NOWHERE).tolist() == [0, 1]
    assert component[0] == component[1]
    unfair = replace(graph, cuts=graph.cuts | {(0, 0), (1, 0)})
    assert not (fair_components(unfair.graph(), graph.strong, everything) != NOWHERE).any()


def test_components_of_different_rounds_have_different_numbers() -> None:
    """State 0 is fair at once, state 1 only without state 2, in which somebody waits."""
    steps = frozenset([(1, 2, NOBODY), (2, 1, NOBODY)])
    graph = Small(3, frozenset([0, 1]), steps, frozenset([(2, 0)]), (True,))
    everything = mask(graph, frozenset(range(3)))
    first, second, none = fair_components(graph.graph(), graph.strong, everything).tolist()
    assert none == NOWHERE
    assert NOWHERE != first != second != NOWHERE
