"""Z3 against the reference evaluator and the explicit-state engine: the same states, at the
same distance, and the same lengths of shortest traces.
"""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import replace
from typing import Any

import pytest

from checker.engines.python.search import Search
from checker.engines.symbolic import bounded, reachable_levels
from checker.engines.tracing import replayed
from checker.language.evaluator import Evaluator
from checker.language.ir import Fold, Node, Op, Program, walk
from checker.language.lowering import lower
from checker.language.machine import Machine, Snapshot
from checker.verdict import Limits, Silent
from examples.alternating_bit import AlternatingBit
from examples.inner_fifo import InnerFIFO
from examples.kip320 import TruncateToHighWatermark
from examples.two_phase import Quorum, TCommit, TwoPhase
from model.group import Group
from tests.checker.engines import symbolic_machines as machines
from tests.checker.engines.oracle import breadth_first

SMALL: list[tuple[Machine, int]] = [
    (machines.Numbers(Node=3, Count=2), 4),
    (machines.Talks(Node=2), 3),
    (machines.Queues(Queue=3), 4),
    (machines.Sets(Peer=2, Node=2), 4),
    (machines.Net(Node=2, Sent=2), 3),
    (machines.Parts(Node=2, Peer=2, Total=2), 5),
    (machines.Stops(Ticks=2), 4),
    (TCommit(RM=3), 7),
    (TwoPhase(RM=3, quorum=Quorum.MAJORITY), 8),
    (AlternatingBit(Data=2), 3),
    (InnerFIFO(Message=2), 4),
    (TruncateToHighWatermark(Replica=2, LogSize=1, Records=1, LeaderEpoch=2), 4),
]
GROUPS = {"smallest": 7, "zombie": 7, "late": 5}


def group(name: str) -> Machine:
    """The consumer group in one of its configurations."""
    return Group(**next(c.settings for c in Group.configurations if c.name == name))


LEVELS = SMALL + [(group(name), steps) for name, steps in GROUPS.items()]


def names(machines_and_steps: list[tuple[Machine, int]]) -> list[str]:
    """What the tests are called."""
    return [f"{type(machine).__name__}-{n}" for n, (machine, _) in enumerate(machines_and_steps)]


def explicit(program: Program, steps: int) -> list[set[Snapshot]]:
    """The levels of the explicit-state engine."""
    bare = replace(program, properties=(), refinements=())
    search = Search(bare, Limits(depth=steps + 1), Silent())
    parents = search.run().parents
    unpack = search.compiled.layout.unpack
    depth: dict[int, int] = {}
    levels: list[set[Snapshot]] = [set() for _ in range(steps + 1)]
    for state, parent in parents.items():  # parents come before their children
        depth[state] = 0 if parent == state else depth[parent] + 1
        if depth[state] <= steps:
            levels[depth[state]].add(unpack(state))
    return levels


@pytest.mark.parametrize(("machine", "steps"), LEVELS, ids=names(LEVELS))
def test_the_levels_are_those_of_both_other_judges(machine: Machine, steps: int) -> None:
    program = lower(machine)
    levels = reachable_levels(program, steps)
    assert levels == list(map(set, breadth_first(program, steps).levels))
    assert levels == explicit(program, steps)
    assert sum(map(len, levels)) >= 4


@pytest.mark.parametrize(("machine", "steps"), SMALL, ids=names(SMALL))
def test_the_shortest_violations_have_the_same_length(machine: Machine, steps: int) -> None:
    program = lower(machine)
    oracle = breadth_first(program, steps)
    for prop in (*program.properties, None):
        trace = bounded(program, prop, steps)
        assert (trace and trace.length) == oracle.length(prop), prop and prop.name
        if trace is not None:
            assert len(replayed(Evaluator(program), trace)) == trace.length


def test_the_machines_use_the_whole_language() -> None:
    """What the tests above say of a machine they say of every node that it is made of."""
    used: Tally[object] = Tally()
    for machine, _ in SMALL:
        program = lower(machine)
        tops: tuple[Any, ...] = (*program.initials, *program.actions, *program.properties)
        for top in tops:
            for node in walk(top):
                used[type(node)] += 1
                used[getattr(node, "op", None)] += 1
                used[getattr(node, "fold", None)] += 1
    own = {kind for kind in _below(Node) if kind.__module__ == Node.__module__}
    concrete = {kind for kind in own if own.isdisjoint(kind.__subclasses__())}
    assert [kind.__name__ for kind in concrete if kind not in used] == []
    assert [op for op in Op if op not in used] == [Op.NE]
    assert [fold for fold in Fold if fold not in used] == []


def _below(kind: type) -> set[type]:
    return {kind}.union(*(map(_below, kind.__subclasses__())))


@pytest.mark.parametrize("steps", [11])
def test_two_phase_to_the_end(steps: int) -> None:
    """All 288 states, and after the last of them none."""
    levels = reachable_levels(lower(TwoPhase(RM=3)), steps)
    assert [len(level) for level in levels] == [1, 7, 21, 38, 50, 54, 49, 36, 21, 9, 2, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "promise", "length"), [("zombie", "OWN-3", 23)])
def test_a_hazard_of_the_group_is_as_far_as_the_search_says(
    name: str, promise: str, length: int
) -> None:
    """The pinned length is that of the explicit-state engine; one step less finds nothing."""
    program = lower(group(name))
    prop = next(prop for prop in program.properties if prop.promise.id == promise)
    search = Search(program, Limits(depth=length), Silent())
    seen = search.run().seen
    assert program.properties.index(prop) in seen
    trace = bounded(program, prop, length - 1)
    assert trace is not None
    assert trace.length == length
    assert len(replayed(Evaluator(program), trace)) == length
