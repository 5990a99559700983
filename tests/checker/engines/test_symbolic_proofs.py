"""Proofs: what is proved is true, what is false is not, and what fails says at which step."""

from __future__ import annotations

from typing import Any

import pytest

from checker import Failure, Limits, Machine, Proof, Proofs, check, prove
from checker.engines import symbolic
from checker.engines.symbolic.budget import Budget
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.unbounded import countable, freed
from checker.errors import RequestError
from checker.language.evaluator import Evaluator
from checker.language.lowering import lower
from checker.language.machine import settings_of
from examples.alternating_bit import AlternatingBit
from examples.chang_roberts import ChangRoberts
from examples.coffee_can import CoffeeCan
from examples.dining_philosophers import DiningPhilosophers
from examples.inner_fifo import InnerFIFO
from examples.kip320 import TruncateToHighWatermark
from examples.lost_update import LostUpdate
from examples.readers_writers import ReadersWriters
from examples.simple_allocator import SimpleAllocator
from examples.two_phase import TCommit, TwoPhase
from spec import Delivery, Membership, Ownership
from spec.delivery import CommitMode
from tests.checker.engines import proved

SMALL: list[Machine] = [
    proved.Tickets(Worker=2, Ticket=3),
    proved.Tickets(Worker=2, Ticket=3, counting=False),
    proved.Tickets(Worker=2, Ticket=3, orderly=False),
    proved.Shelves(Number=3),
    proved.Shelves(Number=3, losing=True),
    proved.Walk(Place=8),
    proved.Keyed(Number=2, Ticket=3),
    proved.WrongAtTheStart(Number=2),
    TCommit(RM=3),
    TwoPhase(RM=3),
    AlternatingBit(Data=2),
    InnerFIFO(Message=2),
    ReadersWriters(Actor=2, Queue=4),
    ChangRoberts(Node=3),
    SimpleAllocator(Client=2, Resource=2),
    DiningPhilosophers(Seat=3),
    LostUpdate(Thread=2),
    CoffeeCan(most=4),
    TruncateToHighWatermark(Replica=2, LogSize=1, Records=1, LeaderEpoch=2),
    Ownership(Member=2, Generation=3, Offset=2),
    Membership(Generation=3),
    *(Delivery(Offset=3, commit_mode=mode) for mode in CommitMode),
]
WAYS: list[dict[str, Any]] = [{}, {"bounded": None, "induction": 4}]
FOUND: list[Machine] = [
    proved.Walk(Place=8),
    proved.Tickets(Worker=2, Ticket=2, counting=False),
    TwoPhase(RM=2),
    ChangRoberts(Node=2),
    DiningPhilosophers(Seat=2),
]
"""Machines that Spacer can cope with."""


def title(machine: Machine) -> str:
    return f"{type(machine).__name__} {settings_of(machine)}"


def confirmed(machine: Machine, goal: Proof, failure: Failure) -> None:
    """The step is one, with the bounds that the failure names, and breaks what it says."""
    program = lower(type(machine)(**failure.settings.items()))
    evaluator = Evaluator(program)
    named = {prop.promise.id: prop for prop in program.properties}
    if failure.step is None:
        assert failure.before is not None
        assert not list(evaluator.successors(failure.before))
        return
    action = program.action(failure.step.action)
    if goal.kind == "defect":
        return  # the evaluator has raised it, or nothing would be shown
    if failure.before is None:
        assert failure.step.state in {start.state for start in evaluator.initial()}
    else:
        after = evaluator.run(action, failure.before, failure.step.arguments)
        assert after == failure.step.state
    prop = named[failure.goal]
    if prop.kind == "invariant":
        assert failure.before is None or evaluator.holds(prop, failure.before)
        assert not evaluator.holds(prop, failure.step.state)
    else:
        assert failure.before is not None
        assert not evaluator.holds(prop, failure.before, failure.step.state, failure.step.arguments)


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("machine", SMALL, ids=title)
def test_what_is_proved_is_what_the_search_finds(machine: Machine, way: dict[str, Any]) -> None:
    agree(machine, prove(machine, steps=6, **way))


@pytest.mark.parametrize("machine", FOUND, ids=title)
def test_what_spacer_finds_is_true(machine: Machine) -> None:
    found = prove(machine, bounded=None, pdr=True, limits=Limits(time=60))
    agree(machine, found)
    assert "unknown" not in results(found).values()


def agree(machine: Machine, found: Proofs) -> None:
    """What is decided is what the search decides; what is not, fails at a step that is one."""
    verdict = check(machine)
    for proof in (*found.proofs, *found.lemmas):
        finding = verdict.finding(proof.id)
        if proof.result == "unknown":
            assert proof.why
            if proof.failure is not None:
                confirmed(machine, proof, proof.failure)
        else:
            assert proof.result == finding.result, proof.id
        if proof.result == "violated":
            assert proof.trace is not None
            assert finding.trace is not None
            # A bound is passed later where there is none.
            assert proof.trace.length == finding.trace.length
    decided = [proof.result for proof in found.proofs]
    assert "holds" in decided or "violated" in decided


def results(found: Proofs) -> dict[str, str]:
    return {proof.id: proof.result for proof in (*found.proofs, *found.lemmas)}


def test_a_proof_names_the_lemmas_that_it_needs() -> None:
    found = prove(proved.Tickets(Worker=3, Ticket=1))
    assert set(results(found).values()) == {"holds"}
    assert found.exit_status == 0
    assert found.free == ("Ticket",)
    assert found.proof("well_numbered").lemmas == ("drawn_before",)
    assert found.proof("numbers_differ").lemmas == ("drawn_before",)
    assert found.proof("drawn_before").lemmas == ()
    assert all("beside_the_point" not in proof.lemmas for proof in found.proofs)


def test_without_its_lemma_a_property_fails_at_a_step() -> None:
    """Of the same machine without lemmas: the state before is one that no run reaches."""

    class Bare(proved.Tickets):
        def drawn_before(self) -> bool:
            return True

    found = prove(Bare(Worker=2, Ticket=3), only=["numbers_differ"], steps=4)
    failure = found.proof("numbers_differ").failure
    assert failure is not None
    assert failure.step is not None
    assert failure.step.action == "draw"
    assert failure.before is not None
    assert failure.before.following in failure.before.held.values()
    assert found.exit_status == 3


def test_what_rests_on_a_lemma_that_is_false_is_not_proved() -> None:
    found = prove(proved.Tickets(Worker=2, Ticket=3, counting=False), steps=1)
    assert found.proof("drawn_before").result == "violated"
    assert found.proof("numbers_differ").result == "unknown"
    assert found.proof("well_numbered").result == "violated"
    assert found.exit_status == 1


def test_a_lemma_is_false_at_the_start() -> None:
    found = prove(proved.WrongAtTheStart(Number=2), only=["positive"], steps=1)
    assert found.proof("positive").trace is not None
    assert found.proof("positive").result == "violated"


@pytest.mark.parametrize("bounded", [None, frozenset[str]()])
def test_nothing_follows_from_what_is_true_of_no_state(bounded: frozenset[str] | None) -> None:
    """Assumed before a step it would prove anything; of a start nothing is assumed."""
    found = prove(proved.NothingSo(Number=2), bounded=bounded)
    assert results(found) == {
        "less_than_nothing": "violated",
        "odd_and_even": "violated",
        "well-defined": "holds",
    }
    assert found.exit_status == 1


def test_lemmas_are_invariants_to_the_engines_that_search() -> None:
    verdict = check(proved.Tickets(Worker=2, Ticket=3, counting=False))
    assert verdict.finding("drawn_before").kind == "invariant"
    assert verdict.finding("drawn_before").result == "violated"


# ---------------------------------------------------------------- k-induction


@pytest.mark.parametrize(("prop", "k"), [("never_seven", 4), ("never_there", 3), ("never_over", 4)])
def test_the_least_k_is_found(prop: str, k: int) -> None:
    walk = proved.Walk(Place=8)
    assert prove(walk, only=[prop], induction=8).proof(prop).how == f"{k}-induction"
    assert prove(walk, only=[prop], induction=k - 1).proof(prop).result == "unknown"


def test_k_induction_is_complete_for_paths_that_repeat_nothing() -> None:
    """Round and round without end: only that states differ lets it come to an end."""
    found = prove(LostUpdate(Thread=2), only=["never_too_many"], induction=8, bounded=None)
    assert found.proof("never_too_many").how == "4-induction"


# ---------------------------------------------------------------- without bounds


def test_only_what_numbers_no_slots_can_be_freed() -> None:
    assert countable(lower(proved.Keyed(Number=2, Ticket=2))) == {"Ticket"}
    assert countable(lower(proved.Shelves(Number=2))) == {"Number"}
    assert countable(lower(TwoPhase(RM=3))) == set()


def test_a_proof_without_bounds_is_of_more_than_the_machine_with_them() -> None:
    """That a counter stays below its bound is true of the machine that stops there alone."""

    class Low(proved.Tickets):
        pass

    program = lower(Low(Worker=2, Ticket=3))
    free = freed(program, frozenset({"Ticket"}))
    assert str(free.state) == str(program.state)
    with_bound = prove(Low(Worker=2, Ticket=3), bounded=None)
    assert with_bound.free == ()
    assert results(with_bound) == results(prove(Low(Worker=2, Ticket=3)))


@pytest.mark.parametrize("only", [["counted"], ["well-defined"]])
def test_what_cannot_be_said_without_bounds_is_refused(only: list[str]) -> None:
    machine = proved.Counted(Number=2)
    if only == ["counted"]:
        with pytest.raises(RequestError, match="no bounds"):
            prove(machine, only=only)
    assert prove(machine, only=only, bounded=None).exit_status == 0


# ---------------------------------------------------------------- budgets and bad input


def test_time_that_is_up_leaves_everything_unknown() -> None:
    found = prove(TwoPhase(RM=5), limits=Limits(time=0.0))
    assert {proof.result for proof in found.proofs} == {"unknown"}
    assert {proof.why for proof in found.proofs} == {"the time is up"}
    assert found.exit_status == 3


def test_memory_that_is_taken_leaves_everything_unknown() -> None:
    found = prove(TwoPhase(RM=5), limits=Limits(memory=1), pdr=True)
    assert {proof.result for proof in found.proofs} == {"unknown"}
    assert {proof.why for proof in found.proofs} == {"the memory is taken"}
    assert found.exit_status == 3


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"steps": 0}, "steps of 0"),
        ({"induction": 0}, "induction of 0"),
        ({"only": ["all_served"]}, "what happens in the end"),
        ({"only": ["one_at_a_tim"]}, "no property one_at_a_tim; did you mean one_at_a_time?"),
        ({"bounded": frozenset({"Worker"})}, ""),
        ({"bounded": frozenset({"Epoch"})}, "no counter Epoch"),
    ],
)
def test_a_request_that_means_nothing(asked: dict[str, Any], said: str) -> None:
    tickets = proved.Tickets(Worker=2, Ticket=2)
    if not said:
        assert prove(tickets, **asked).exit_status == 0
        return
    with pytest.raises(RequestError) as refused:
        prove(tickets, **asked)
    assert said in str(refused.value)


def test_a_machine_without_actions() -> None:
    with pytest.raises(RequestError, match="no actions"):
        prove(proved.Still(Number=2))


def test_a_refinement_that_the_evaluator_sees_kept_is_a_disagreement() -> None:
    program = lower(TwoPhase(RM=2))
    [refinement] = program.refinements
    replay = Replay(program)
    with pytest.raises(symbolic.Disagreement, match="no step of the specification"):
        replay.refined(refinement, None, program.start)
    with pytest.raises(symbolic.Disagreement, match="no step of the specification"):
        replay.refined(refinement, program.start, program.start)


def test_a_budget_has_parts() -> None:
    assert Budget().left is None
    assert Budget(10).part(2).left == pytest.approx(2, abs=0.5)
    assert Budget(1).part(50).left == pytest.approx(1, abs=0.5)
    assert symbolic.Undecided is not None
