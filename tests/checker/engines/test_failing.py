"""What fails itself (properties, mappings, starts, choices) is told, and nothing is lost by it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from checker import Machine, check, replay, simulate
from checker.engines.python import refining, watches
from checker.engines.python.compiler import Compiled
from checker.engines.python.search import Search, Seen
from checker.engines.tracing import Disagreement, trace_of
from checker.language.evaluator import Defect, Evaluator
from checker.language.lowering import lower
from examples.two_phase import TwoPhase
from tests.checker.engines.failing import (
    Blotting,
    Ending,
    Failing,
    Node,
    Scribbling,
    Shelves,
    Starting,
    Startless,
    Wide,
)
from tests.checker.engines.machines import Clock, Fading, Posting
from tests.fuzz.agreement import disagreements
from tests.fuzz.reference import explored

MACHINES = [
    Failing(Count=1), Ending(), Starting(Count=1), Startless(), Shelves(), Scribbling(), Blotting(),
    Wide(Node=3),
]  # fmt: skip


@pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: type(machine).__name__)
def test_the_search_agrees_with_the_reference(machine: Machine) -> None:
    known = explored(lower(machine), 10_000)
    assert list(disagreements(lower(machine), known, check(machine, engine="python"))) == []


def problem(machine: Machine, identifier: str) -> tuple[int, str]:
    """How long the trace of a finding is, and why the property is not true."""
    finding = check(machine, engine="python").finding(identifier)
    assert finding.result == "violated"
    assert finding.trace is not None
    assert finding.reason is not None
    replay(machine, finding.trace)
    return finding.trace.length, finding.reason.problem


@pytest.mark.parametrize(
    ("machine", "identifier", "length", "words"),
    [
        (Failing(Count=1), "bounded", 2, "the property itself fails: Count is passed"),
        (Failing(Count=1), "first", 2,
         "the property itself fails: index 0 is outside a sequence of 0"),
        (Failing(Count=1), "by_one", 3, "the property itself fails: Count is passed"),
        (Ending(), "known", 2, "the property itself fails: index 0 is outside a sequence of 0"),
        (Scribbling(), "as_log", 4,
         "the mapping cannot be computed in this state: Seq[Node] of 2 is passed"),
        (Blotting(), "as_log", 1,
         "the mapping cannot be computed in this state: Seq[Node] of 2 is passed"),
    ],
)  # fmt: skip
def test_it_is_said_what_fails(machine: Machine, identifier: str, length: int, words: str) -> None:
    assert problem(machine, identifier) == (length, words)


def test_of_several_ways_to_a_state_the_one_that_violates_is_shown() -> None:
    finding = check(Failing(Count=1), engine="python").finding("for_the_first_reason")
    assert finding.trace is not None
    assert finding.trace.steps[-1].arguments == {"why": Node(1)}


def test_starts_past_a_bound_are_counted() -> None:
    verdict = check(Starting(Count=1), engine="python")
    assert (verdict.distinct, verdict.bounds) == (2, {"Count": 2 * 2})
    assert verdict.finding("low").result == "holds"


def test_without_a_start_nothing_is_visited() -> None:
    verdict = check(Startless(), engine="python")
    assert (verdict.distinct, verdict.generated, verdict.depth) == (0, 0, 0)
    assert verdict.finding("somewhere").result == "violated"
    walked = simulate(Startless(), runs=3)
    assert (walked.walks, walked.distinct) == (0, 0)


def test_other_actions_go_on_where_a_choice_cannot_be_computed() -> None:
    verdict = check(Shelves(), engine="python")
    assert verdict.finding("well-defined").result == "violated"
    finding = verdict.finding("wholesome")
    assert finding.trace is not None
    last = finding.trace.steps[-1]
    assert (last.action, last.arguments) == ("spoil", {"n": 40})
    assert verdict.bounds["Set[0..99] of 1"] > 0


# ------------------------------------------------------------ what is remembered is limited


@pytest.mark.parametrize("machine", [Clock(), Fading(Node=1), Posting(Node=2, Count=2, Post=2)])
def test_limits_of_what_is_remembered_change_nothing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = frozenset(
        [p.promise.id for p in lower(machine).properties if p.kind != "eventually"]
        + [r.promise.id for r in lower(machine).refinements]
    )
    wanted = replace(check(machine, engine="python", only=asked), seconds=0.0)
    monkeypatch.setattr(watches, "KNOWN_LIMIT", 1)
    monkeypatch.setattr(refining, "KNOWN_LIMIT", 1)
    assert replace(check(machine, engine="python", only=asked), seconds=0.0) == wanted


# ------------------------------------------------------------ how much is written


def written(machine: Machine) -> Compiled:
    return Compiled(replace(lower(machine), properties=()))


def test_parameters_are_chosen_apart_as_long_as_there_are_few_functions() -> None:
    shares = [i for i in written(Wide(Node=3)).instances if i.action.name == "share"]
    assert len(shares) == 3 * 4
    assert {tuple(p.name for p in one.open) for one in shares} == {("plan",)}
    assert {tuple(p.name for p in one.closed) for one in shares} == {("to", "extra")}


def test_a_sum_is_written_out_unless_there_are_too_many_functions_of_it() -> None:
    source = written(Wide(Node=3)).source
    share = source[source.index("# share(") : source.index("# add(")]
    add = source[source.index("# add(") : source.index("# mark(")]
    assert "sum(" not in share
    assert add.count("sum(") == 40


# ------------------------------------------------------------ faults of the checker are shown


def test_a_trace_from_no_start_is_a_fault_of_the_checker() -> None:
    program = lower(Clock())
    evaluator = Evaluator(program)
    after = next(iter(evaluator.successors(program.start))).state
    with pytest.raises(Disagreement, match="is no initial state for the evaluator"):
        trace_of(evaluator, [after])


def test_the_last_step_of_a_trace_is_the_one_that_is_meant() -> None:
    """Two resource managers abort: by themselves, or as they are told."""
    evaluator = Evaluator(lower(TwoPhase(RM=1)))
    states = [evaluator.program.start]
    for name in ("tm_abort", "rm_receive_abort"):
        steps = evaluator.successors(states[-1])
        states.append(next(step.state for step in steps if step.action.name == name))
    assert trace_of(evaluator, states).steps[-1].action == "rm_abort"
    meant = trace_of(evaluator, states, last_action="rm_receive_abort")
    assert meant.steps[-1].action == "rm_receive_abort"
    with pytest.raises(Disagreement, match="does not go from"):
        trace_of(evaluator, states, last={"r": "nobody"})


def test_a_defect_that_no_action_has_is_a_fault_of_the_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = Search.run

    def run(self: Search) -> Any:
        found = true(self)
        found.defect = Seen(next(iter(found.parents)), defect=Defect("out of order", None))
        return found

    monkeypatch.setattr(Search, "run", run)
    with pytest.raises(Disagreement, match="out of order is no defect for the evaluator"):
        check(Clock(), engine="python", only=frozenset())


def test_a_step_that_violates_nothing_is_a_fault_of_the_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = Search.run

    def run(self: Search) -> Any:
        found = true(self)
        states = list(found.parents)
        found.seen[0] = Seen(states[0], states[1])
        return found

    monkeypatch.setattr(Search, "run", run)
    with pytest.raises(Disagreement, match="by_one holds for the evaluator from"):
        check(Clock(), engine="python", only=frozenset({"by_one"}))
