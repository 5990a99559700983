"""Replaying: a trace is a run of the machine, or it is said what is wrong with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checker import Machine, Trace, check, replay
from checker.engines.tracing import step
from checker.errors import TraceError
from checker.language.domains import Settings
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.verdict import Step
from tests.checker.engines.machines import (
    Account,
    Choosy,
    Clock,
    Counting,
    Letter,
    Limits12,
    Node,
    Posting,
)


def posted() -> tuple[Machine, Trace]:
    machine = Posting(Node=2, Count=2, Post=2)
    trace = check(machine).finding("not_ones_own").trace
    assert trace is not None
    return machine, trace


def start_of(machine: Machine) -> Trace:
    program = lower(machine)
    return Trace(program.name, program.settings, program.start, ())


def replace_steps(trace: Trace, steps: list[Step]) -> Trace:
    return replace(trace, steps=tuple(steps))


def test_a_trace_is_a_run() -> None:
    machine, trace = posted()
    replay(machine, trace)
    replay(type(machine)(Node=2, Count=2, Post=2), trace)
    for length in range(len(trace.steps)):
        replay(machine, replace_steps(trace, list(trace.steps[:length])))


def test_of_another_machine() -> None:
    _, trace = posted()
    with pytest.raises(TraceError, match="the trace is of Posting, and this machine is Clock"):
        replay(Clock(), trace)


def test_of_another_configuration() -> None:
    _, trace = posted()
    with pytest.raises(
        TraceError, match=r"configuration Node=2 Count=2 Post=2; this one is Node=3"
    ):
        replay(Posting(Node=3, Count=2, Post=2), trace)
    machine, _ = posted()
    with pytest.raises(TraceError, match="the trace is of the configuration"):
        replay(machine, replace(trace, settings=Settings({"Node": 2}, {})))


def test_its_start_is_none() -> None:
    machine, trace = posted()
    moved = replace(trace, initial=trace.steps[0].state)
    with pytest.raises(TraceError, match="its first state is no initial state"):
        replay(machine, moved)


Tamper = Callable[[Step], Step]

TAMPERED: list[tuple[Tamper, str]] = [
    (lambda s: replace(s, action="steal"), r"step 1, steal\(n=node-1\): the machine has no such"),
    (lambda s: replace(s, arguments={}), r"step 1, send\(\): its parameters are n"),
    (lambda s: replace(s, arguments={"m": Node(0)}), "its parameters are n"),
    (lambda s: replace(s, arguments={"n": Node(7)}), "these arguments cannot be chosen there"),
    (lambda s: replace(s, arguments={"n": Node(0)}), "it leads to another state than the trace"),
]


@pytest.mark.parametrize(("tamper", "words"), TAMPERED)
def test_a_step_that_is_none(tamper: Tamper, words: str) -> None:
    machine = Posting(Node=2, Count=2, Post=2)
    trace = honest(machine, Node(1))
    replay(machine, trace)
    with pytest.raises(TraceError, match=words):
        replay(machine, replace_steps(trace, [tamper(trace.steps[0])]))


def honest(machine: Machine, n: Node) -> Trace:
    """The trace of sending once."""
    program = lower(machine)
    action = program.action("send")
    after = Evaluator(program).run(action, program.start, {"n": n})
    assert after is not None
    return replace_steps(start_of(machine), [step(action, {"n": n}, program.start, after)])


def test_a_choice_that_is_not_there() -> None:
    machine = Posting(Node=2, Count=2, Post=2)
    trace = honest(machine, Node(1))
    letter = Letter(Node(0), 0)
    arguments = {"letter": letter, "reader": Node(0)}
    wrong = replace(trace.steps[0], action="receive", arguments=arguments)
    with pytest.raises(TraceError, match=r"receive\(letter=Letter\(sender=node-0, number=0\), rea"):
        replay(machine, replace_steps(trace, [trace.steps[0], wrong]))


def test_a_guard_that_does_not_hold() -> None:
    start = start_of(Clock())
    taken = Step("leap", "Clock", {}, (), start.initial)
    with pytest.raises(TraceError, match=r"step 1, leap\(\): a guard does not hold there"):
        replay(Clock(), replace_steps(start, [taken]))


def test_a_step_past_a_bound() -> None:
    machine = Counting(Node=1, Count=0, Log=1)
    start = start_of(machine)
    taken = Step("count", "n", {"n": Node(0)}, (), start.initial)
    with pytest.raises(TraceError, match="Count is passed"):
        replay(machine, replace_steps(start, [taken]))


def test_a_step_with_a_defect() -> None:
    machine = Account(Node=1, limit=Limits12.FORGOTTEN)
    trace = check(machine).finding("well-defined").trace
    assert trace is not None
    more = replace(trace.steps[-1], action="deposit")
    with pytest.raises(TraceError, match=r"4 is outside 0\.\.3"):
        replay(machine, replace_steps(trace, [*trace.steps, more]))


def test_a_choice_that_cannot_be_computed() -> None:
    start = start_of(Choosy(Node=2))
    taken = Step("pick", "n", {"n": 40}, (), start.initial)
    with pytest.raises(TraceError, match=r"step 1, pick\(n=40\): None is used as a value"):
        replay(Choosy(Node=2), replace_steps(start, [taken]))


@given(st.data())
def test_no_state_of_a_trace_can_be_exchanged(data: st.DataObject) -> None:
    machine, trace = posted()
    at = data.draw(st.integers(0, len(trace.steps) - 1))
    others = [trace.initial, *(s.state for s in trace.steps)]
    other = data.draw(st.sampled_from(others).filter(lambda s: s != trace.steps[at].state))
    steps = list(trace.steps)
    steps[at] = replace(steps[at], state=other)
    with pytest.raises(TraceError):
        replay(machine, replace_steps(trace, steps))
