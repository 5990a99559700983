"""What an exhaustive search finds: each kind of answer, with its shortest trace and its counts."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from checker import Finding, Machine, Snapshot, Trace, Verdict, check, replay
from checker.engines.python import search
from checker.engines.python.compiler import Compiled
from checker.engines.tracing import Disagreement
from checker.errors import RequestError
from checker.language.domains import Settings
from checker.language.evaluator import Evaluator
from checker.language.ir import Action
from checker.language.lowering import lower
from examples.two_phase import Quorum, TwoPhase
from tests.checker.engines.machines import (
    Account,
    Asserting,
    Choosing,
    Choosy,
    Clock,
    Counting,
    Dimmer,
    Fading,
    Light,
    Limits12,
    Locker,
    Node,
    Posting,
    Unstartable,
    Waiting,
)
from tests.fuzz.agreement import disagreements
from tests.fuzz.reference import explored


def hours(trace: Trace | None) -> list[int]:
    assert trace is not None
    return [trace.initial.hour, *(step.state.hour for step in trace.steps)]


def actions(trace: Trace | None) -> list[str]:
    assert trace is not None
    return [step.action for step in trace.steps]


def defect(verdict: Verdict) -> Finding:
    return verdict.finding("well-defined")


# ------------------------------------------------------------ counts


def test_counts() -> None:
    verdict = check(Clock(), configuration="a day")
    assert (verdict.distinct, verdict.generated, verdict.depth) == (12, 14, 10)
    assert verdict.complete
    assert verdict.stopped == ""
    assert (verdict.machine, verdict.configuration, verdict.engine) == ("Clock", "a day", "python")
    assert verdict.settings == Settings({}, {})
    assert verdict.seconds > 0
    assert "python" in verdict.versions


def test_coverage_names_what_is_never_enabled() -> None:
    found = {one.action: (one.fired, one.fresh) for one in check(Clock()).coverage}
    assert found == {"tick": (12, 10), "leap": (1, 1), "never": (0, 0)}


def test_a_step_past_a_bound_is_counted_and_not_explored() -> None:
    verdict = check(Counting(Node=2, Count=1, Log=2))
    logs = 1 + 2 + 4
    assert verdict.distinct == 2**2 * logs
    # Every state tries to count both: half of the tries pass the bound.  Full logs try two notes.
    assert verdict.bounds == {"Count": 2**2 * logs, "Log": 2**2 * 4 * 2}
    assert verdict.complete
    assert defect(verdict).result == "holds"


def test_of_the_same_bits_the_evaluator_is_asked_once_why_an_action_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = []
    true = Evaluator.run

    def counted(self: Evaluator, action: Action, state: Snapshot, arguments: Any) -> Any:
        asked.append((action.name, dict(arguments)))
        return true(self, action, state, arguments)

    monkeypatch.setattr(Evaluator, "run", counted)
    verdict = check(Counting(Node=2, Count=1, Log=2), only=frozenset())
    # A count reads the two counts, a note the log: neither the other's.
    assert Counter(name for name, _ in asked) == {"count": 2 * 2, "note": 2 * 4}
    assert verdict.bounds == {"Count": 28, "Log": 32}


def test_what_is_remembered_of_bounds_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "KNOWN_LIMIT", 2)
    assert check(Counting(Node=2, Count=1, Log=2)).bounds == {"Count": 28, "Log": 32}


def test_bounds_that_are_not_reached_are_listed() -> None:
    assert check(Posting(Node=1, Count=2, Post=5)).bounds == {"Count": 0, "Post": 0}


@pytest.mark.parametrize(
    "machine",
    [
        Clock(), Waiting(Node=3), Choosing(Node=3), Account(Node=2), Choosy(Node=2), Dimmer(),
        Fading(Node=1), Posting(Node=2, Count=2, Post=2), TwoPhase(RM=2),
        TwoPhase(RM=3, quorum=Quorum.MAJORITY),
    ],
    ids=str,
)  # fmt: skip
def test_everything_equals_the_reference(machine: Machine) -> None:
    program = lower(machine)
    known = explored(program, 10_000)
    without = frozenset(p.promise.id for p in program.properties if p.kind != "eventually")
    refined = frozenset(r.promise.id for r in program.refinements)
    verdict = check(machine, only=without | refined)
    assert list(disagreements(program, known, verdict)) == []


# ------------------------------------------------------------ findings


def test_an_invariant_is_broken_by_a_shortest_trace() -> None:
    finding = check(Clock()).finding("before_nine")
    assert (finding.kind, finding.result, finding.expected) == ("invariant", "violated", "holds")
    assert hours(finding.trace) == [0, 1, 2, 3, 6, 7, 8, 9]
    assert actions(finding.trace) == ["tick", "tick", "tick", "leap", "tick", "tick", "tick"]
    assert check(Clock()).finding("on_the_dial").result == "holds"


def test_a_start_is_checked() -> None:
    finding = check(Choosing(Node=2)).finding("starts_are_checked_too")
    assert finding.trace is not None
    assert finding.trace.length == 1
    assert finding.trace.start == "somewhere"
    assert finding.trace.start_arguments == {"n": Node(1), "light": Light.YELLOW}


def test_a_step_is_checked_with_the_step_at_the_end_of_the_trace() -> None:
    finding = check(Clock()).finding("FORWARD")
    assert finding.result == "violated"
    assert hours(finding.trace) == [0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 0]


def test_a_step_of_one_action_is_not_a_step_of_another() -> None:
    assert check(Clock()).finding("by_one").result == "holds"


def test_a_step_property_sees_the_arguments() -> None:
    verdict = check(Posting(Node=2, Count=2, Post=2))
    assert verdict.finding("taken_out").result == "holds"
    finding = verdict.finding("not_ones_own")
    assert finding.trace is not None
    last = finding.trace.steps[-1]
    assert last.action == "receive"
    assert last.arguments["letter"].sender == last.arguments["reader"]
    assert last.arguments["letter"].number == 1
    assert finding.trace.length == 4


def test_a_witness_has_its_trace() -> None:
    finding = check(Clock()).finding("at_seven")
    assert (finding.kind, finding.result) == ("reachable", "holds")
    assert hours(finding.trace) == [0, 1, 2, 3, 6, 7]


def test_a_witness_that_is_not_found_is_a_violation() -> None:
    finding = check(Clock()).finding("at_thirteen")
    assert (finding.result, finding.trace) == ("violated", None)
    assert finding.reason is not None
    assert finding.reason.problem == "no reachable state satisfies it"


def test_what_cannot_be_evaluated_is_no_witness() -> None:
    finding = check(Account(Node=2)).finding("seconded")
    assert finding.result == "holds"
    assert finding.trace is not None
    assert finding.trace.length == 3


def test_a_machine_may_stop_only_where_it_says() -> None:
    finding = check(Waiting(Node=2)).finding("everyone_is_done")
    assert (finding.kind, finding.result) == ("terminal", "violated")
    assert finding.trace is not None
    assert finding.trace.length == 2
    assert finding.trace.steps[-1].state.holder == Node(1)
    assert check(Waiting(Node=1)).finding("everyone_is_done").result == "holds"


def test_a_machine_at_its_bound_has_not_stopped() -> None:
    """Where every action passes a bound, it is the exploration that ends."""
    assert check(Asserting(Count=0)).bounds == {"Count": 2}


def test_a_refinement() -> None:
    assert check(Dimmer()).finding("as_lamp").result == "holds"


def test_a_refinement_is_broken_at_a_start() -> None:
    finding = check(Dimmer(lit_at_first=True)).finding("as_lamp")
    assert (finding.kind, finding.result) == ("refines", "violated")
    assert finding.trace is not None
    assert finding.trace.length == 1
    assert finding.reason is not None
    assert finding.reason.problem == "the start is none of Lamp, as the mapping reads it"
    assert [(name, state.on) for name, state in finding.reason.values] == [("Lamp before", True)]


def test_a_refinement_is_broken_by_a_step() -> None:
    finding = check(Fading(Node=1)).finding("as_barred")
    assert actions(finding.trace) == ["up", "down"]
    assert finding.reason is not None
    assert finding.reason.problem == "the last step is none of Barred, as the mapping reads it"
    assert [(name, state.on) for name, state in finding.reason.values] == [
        ("Barred before", True),
        ("Barred after", False),
    ]


def test_a_mapping_that_fails_breaks_the_refinement() -> None:
    finding = check(Fading(Node=1)).finding("UNREADABLE")
    assert actions(finding.trace) == ["up", "up"]
    assert finding.reason is not None
    assert finding.reason.problem == (
        "the mapping cannot be computed in this state: index 0 is outside a sequence of 0"
    )
    assert finding.reason.span is not None
    assert finding.reason.span.code() == "self.queue[0]"


def test_a_specification_may_be_unable_to_compute_a_choice() -> None:
    """Its other actions are steps of it all the same."""
    assert check(Locker(Node=1)).finding("as_chest").result == "holds"
    finding = check(Locker(Node=2)).finding("as_chest")
    assert actions(finding.trace) == ["unlock", "unlock"]


def test_what_happens_eventually_is_forced_by_nothing_but_fairness() -> None:
    finding = check(Clock()).finding("at_eleven")
    assert (finding.kind, finding.result) == ("eventually", "violated")
    assert finding.trace is not None
    assert (finding.trace.length, finding.trace.loop) == (1, 0)


# ------------------------------------------------------------ defects


def test_a_value_outside_its_type_is_told_with_the_step_that_was_tried() -> None:
    verdict = check(Account(Node=2, limit=Limits12.FORGOTTEN), only=frozenset())
    finding = defect(verdict)
    assert (finding.kind, finding.result) == ("defect", "violated")
    assert finding.trace is not None
    assert finding.trace.steps[-1].state.balance == 3
    assert finding.trace.length == 4
    assert finding.reason is not None
    assert finding.reason.problem == "4 is outside 0..3"
    assert finding.reason.text == "deposit()"
    assert finding.reason.span is not None
    assert finding.reason.span.code() == "self.balance += 1"
    assert defect(check(Account(Node=2), only=frozenset())).result == "holds"


def test_an_assertion_that_fails_is_a_defect_with_its_arguments() -> None:
    finding = defect(check(Asserting(Count=5)))
    assert finding.reason is not None
    assert finding.reason.text in {"up(by=1)", "up(by=2)"}
    assert finding.reason.problem == "assert self.n != 3"
    assert finding.trace is not None
    assert finding.trace.length == 2


def test_a_start_that_fails_is_a_defect_without_a_trace() -> None:
    verdict = check(Unstartable())
    finding = defect(verdict)
    assert finding.result == "violated"
    assert finding.trace is None
    assert finding.reason is not None
    assert (finding.reason.text, finding.reason.problem) == ("shifted(by=7)", "12 is outside 0..11")
    assert verdict.distinct == 1
    assert verdict.finding("late").result == "holds"


def test_a_choice_that_cannot_be_computed_is_a_defect() -> None:
    verdict = check(Choosy(Node=2))
    finding = defect(verdict)
    assert finding.trace is not None
    assert finding.trace.length == 1
    assert finding.reason is not None
    assert (finding.reason.text, finding.reason.problem) == ("pick(…)", "None is used as a value")
    assert verdict.finding("early").trace is not None
    # A second number is picked in two states: 41 after 40, and 40 after 41.
    assert verdict.bounds == {"Set[0..99] of 1": 2, "Set[0..99] of 2": 0}


def test_an_invariant_that_fails_itself_is_reported_as_such() -> None:
    finding = check(Account(Node=2)).finding("served")
    assert finding.result == "violated"
    assert finding.trace is not None
    assert finding.trace.steps[-1].state.balance == 2
    assert finding.trace.length == 3
    assert finding.reason is not None
    assert finding.reason.problem == (
        "the property itself fails: index 0 is outside a sequence of 0"
    )
    assert finding.reason.span is not None
    assert finding.reason.span.code() == "self.queue[0]"


# ------------------------------------------------------------ what is expected, what is asked


def test_a_hazard_is_expected_to_be_violated() -> None:
    hazards = frozenset({"before_nine", "FORWARD", "at_thirteen"})
    verdict = check(Clock(), hazards=hazards, only=hazards)
    assert verdict.exit_status == 0
    assert all(f.as_expected for f in verdict.findings)
    assert check(Clock(), only=hazards).exit_status == 1


def test_a_hazard_that_is_not_found_is_not_as_expected() -> None:
    some = frozenset({"on_the_dial"})
    verdict = check(Clock(), hazards=some, only=some)
    assert verdict.finding("on_the_dial").expected == "violated"
    assert verdict.exit_status == 1


def test_a_verdict_has_findings_of_what_was_asked_alone() -> None:
    with pytest.raises(KeyError, match="at_seven"):
        check(Clock(), only=frozenset()).finding("at_seven")


def test_only_some_properties_are_decided() -> None:
    verdict = check(Clock(), only=frozenset({"at_seven"}))
    assert [finding.id for finding in verdict.findings] == ["at_seven", "well-defined"]
    assert verdict.distinct == 12
    refined = check(Fading(Node=1), only=frozenset({"as_barred"}))
    assert [finding.id for finding in refined.findings] == ["as_barred", "well-defined"]


@pytest.mark.parametrize("keyword", ["only", "hazards"])
def test_an_unknown_property_is_refused(keyword: str) -> None:
    with pytest.raises(RequestError, match="Clock has no property before_ten; it has before_nine"):
        check(Clock(), **{keyword: frozenset({"before_ten"})})  # type: ignore[arg-type]


# ------------------------------------------------------------ the check that engines agree


def test_traces_are_runs_of_the_machine() -> None:
    for machine in (Clock(), Fading(Node=1), Posting(Node=2, Count=2, Post=2)):
        traces = [finding.trace for finding in check(machine).findings if finding.trace]
        assert traces
        for trace in traces:
            replay(machine, trace)


def test_a_violation_that_the_evaluator_does_not_see_is_a_fault_of_the_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def wrong(self: Compiled, number: int) -> object:
        return lambda *_: False

    monkeypatch.setattr(Compiled, "predicate", wrong)
    with pytest.raises(Disagreement, match="holds for the evaluator"):
        check(Clock(), only=frozenset({"on_the_dial"}))


def test_a_step_that_the_evaluator_does_not_take_is_a_fault_of_the_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = Compiled.named

    def wrong(self: Compiled, name: str) -> object:
        if name != "successors":
            return true(self, name)

        def successors(state: int, states: list[int], which: list[int]) -> None:
            states.append((state + 2) % 12)
            which.append(0)

        return successors

    monkeypatch.setattr(Compiled, "named", wrong)
    with pytest.raises(Disagreement, match="the evaluator does not go from"):
        check(Clock(), only=frozenset({"before_nine"}))


def test_a_defect_that_the_evaluator_does_not_have_is_a_fault_of_the_checker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    true = Evaluator.run

    def patient(self: Evaluator, action: object, state: object, arguments: object) -> object:
        try:
            return true(self, action, state, arguments)  # type: ignore[arg-type]
        except Exception:  # noqa: BLE001 - whatever the defect is
            return state

    monkeypatch.setattr(Evaluator, "run", patient)
    with pytest.raises(Disagreement, match="the engine could not finish it"):
        check(Account(Node=1, limit=Limits12.FORGOTTEN), only=frozenset())
