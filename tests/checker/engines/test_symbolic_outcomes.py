"""Programs built by hand, and what happens when the judges disagree, or time runs out."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest

from checker.engines.symbolic import (
    Disagreement,
    Undecided,
    bounded,
    encode,
    reachable_levels,
    terms,
)
from checker.engines.symbolic.replay import Replay
from checker.engines.symbolic.terms import bits
from checker.engines.symbolic.unrolling import Taken, Unrolling
from checker.errors import RequestError
from checker.language.domains import Settings
from checker.language.evaluator import Evaluator
from checker.language.ir import (
    Action,
    Apply,
    Assign,
    At,
    Between,
    Const,
    Elements,
    Expr,
    Fit,
    For,
    Get,
    Op,
    Parameter,
    Program,
    Property,
    Require,
    Source,
    Stmt,
    Var,
)
from checker.language.lowering import lower
from checker.language.machine import Machine, Snapshot
from checker.language.marks import Promise
from checker.language.types import BOOL, INTEGER, IntType, PartType, SeqType, SetType, Type
from checker.language.values import Seq, Set, freeze
from examples.two_phase import TwoPhase
from tests.checker.engines.oracle import breadth_first
from tests.checker.engines.symbolic_machines import Stops

SMALL = IntType(0, 3)
ROW = SeqType(SMALL, 2)
FEW = SetType(SMALL, 4)


class Hand(Machine):
    """Stands for the class of a machine that is written as a tree."""


STATE = PartType(Hand, (("n", SMALL), ("row", ROW), ("few", FEW)))
SELF = Var(STATE, None, "self")
N, THE_ROW, THE_FEW = (Get(kind, None, SELF, name) for name, kind in STATE.fields)


def const(value: int) -> Expr:
    return Const(IntType(value, value), None, value)


def apply(op: Op, *args: Expr, kind: Type = INTEGER) -> Expr:
    return Apply(kind, None, op, args)


def action(name: str, sources: dict[str, Source], *body: Stmt) -> Action:
    parameters = tuple(Parameter(own, source.item, source) for own, source in sources.items())
    return Action(name, parameters, body, name, None, None, None)


def program(*actions: Action, test: Expr, kind: str = "invariant") -> Program:
    start = Snapshot(Hand, (("n", 1), ("row", freeze(Seq([2, 0]))), ("few", freeze(Set([1, 3])))))
    prop = Property(kind, Promise("told", "What is told."), "told", test, None)
    return Program("Hand", Settings({}, {}), STATE, start, (), actions, (prop,), ())


X, Y = Var(SMALL, None, "x"), Var(SMALL, None, "y")
PICK = action(
    "pick",
    {"x": Elements(THE_FEW, SMALL), "y": Between(const(0), X, 0, 3, SMALL)},
    Require(None, apply(Op.NE, X, N, kind=BOOL)),
    Assign(None, THE_FEW, apply(Op.REMOVE, THE_FEW, X, kind=FEW)),
    Assign(None, N, Y),
)
SPREAD = action(
    "spread",
    {"x": Elements(THE_ROW, SMALL)},
    For(
        None,
        "y",
        Between(const(0), X, 0, 3, SMALL),
        (Assign(None, THE_FEW, apply(Op.INSERT, THE_FEW, Y, kind=FEW)),),
    ),
    Assign(None, At(SMALL, None, THE_ROW, N), Fit(SMALL, None, apply(Op.ADD, X, const(1)))),
)
TOLD = apply(Op.LE, apply(Op.LEN, THE_FEW), const(2), kind=BOOL)
BY_HAND = program(PICK, SPREAD, test=TOLD)


def test_a_program_built_by_hand() -> None:
    """Choices from a set and from a sequence, one depending on another, and a defect."""
    levels = reachable_levels(BY_HAND, 4)
    oracle = breadth_first(BY_HAND, 4)
    assert levels == list(map(set, oracle.levels))
    assert [len(level) for level in levels] == [len(level) for level in oracle.levels]
    assert len(levels[4]) > 0
    for prop in (BY_HAND.properties[0], None):
        found = bounded(BY_HAND, prop, 4)
        assert found is not None
        assert found.length == oracle.length(prop)


def test_a_choice_that_cannot_be_computed_is_a_defect_of_its_action() -> None:
    """What a parameter is chosen from may fail, also because of the one before it."""
    shorter = apply(Op.REST, THE_ROW, kind=ROW)
    pop = action("pop", {"x": Elements(THE_FEW, SMALL)}, Assign(None, THE_ROW, shorter))
    below = Between(const(0), At(SMALL, None, THE_ROW, X), 0, 3, SMALL)
    look = action("look", {"x": Elements(THE_FEW, SMALL), "y": below}, Assign(None, N, Y))
    for actions in ((pop, look), (look,), (pop,)):
        machine = program(*actions, test=TOLD)
        oracle = breadth_first(machine, 4)
        found = bounded(machine, None, 4)
        assert found is not None
        assert found.length == oracle.length(None)
        assert reachable_levels(machine, 4) == list(map(set, oracle.levels))
    failing = program(look, test=Const(BOOL, None, value=False), kind="terminal")
    assert bounded(failing, failing.properties[0], 4) is None


def test_levels_past_the_last_are_empty() -> None:
    nothing = program(action("stay", {}), test=TOLD)
    assert [len(level) for level in reachable_levels(nothing, 3)] == [1, 0, 0, 0]


def test_a_machine_without_actions() -> None:
    still = program(test=TOLD)
    assert [len(level) for level in reachable_levels(still, 2)] == [1, 0, 0]
    assert bounded(still, still.properties[0], 2) is None
    stuck = program(test=apply(Op.NE, N, const(1), kind=BOOL), kind="terminal")
    found = bounded(stuck, stuck.properties[0], 2)
    assert found is not None
    assert found.length == 1


def test_an_argument_is_one_of_the_choices() -> None:
    """The trace says which element and which number were chosen."""
    found = bounded(replace(BY_HAND, actions=(SPREAD,)), None, 3)
    assert found is not None
    evaluator = Evaluator(BY_HAND)
    state = found.initial
    for step in found.steps:
        assert dict(step.arguments) in list(evaluator.choices(SPREAD, state))
        state = step.state


def test_a_step_past_a_bound_is_not_taken_and_is_told() -> None:
    """The formula of a bound is true of the states from which a step would pass it."""
    unrolling = Unrolling(encode(lower(Stops(Ticks=2))))
    count, stop = unrolling.encoding.actions
    assert list(count.bounds) == ["Ticks"]
    assert stop.bounds == {}
    found = []
    for steps in range(3):
        with unrolling.asking():
            unrolling.add(count.bounds["Ticks"], steps)
            found.append(unrolling.found())
        unrolling.extend()
    assert found == [False, False, True]
    with unrolling.asking():
        unrolling.add(unrolling.taken(count), 2)
        assert not unrolling.found()


# ------------------------------------------------------------ disagreements


def run_of(steps: int) -> tuple[Program, tuple[Taken, ...]]:
    two_phase = lower(TwoPhase(RM=2))
    two_phase = replace(two_phase, actions=two_phase.actions[:1])
    unrolling = Unrolling(encode(two_phase))
    for _ in range(steps):
        unrolling.extend()
    assert unrolling.found()
    return two_phase, unrolling.run()


def test_a_run_that_is_one_is_accepted() -> None:
    two_phase, run = run_of(2)
    Replay(two_phase).run(run)
    assert [taken.move.name for taken in run] == ["", "rm_prepare", "rm_prepare"]


def elsewhere(taken: Taken, state: Snapshot) -> Taken:
    return replace(taken, state=state)


CLAIMS: dict[str, Callable[[Replay, tuple[Taken, ...]], None]] = {
    "another start": lambda replay, run: replay.start(elsewhere(run[0], run[1].state)),
    "another end": lambda replay, run: replay.step(run[0].state, elsewhere(run[1], run[0].state)),
    "a step from elsewhere": lambda replay, run: replay.step(run[1].state, run[1]),
    "no choice": lambda replay, run: replay.step(
        run[0].state, replace(run[1], arguments=dict.fromkeys(run[1].arguments))
    ),
    "a defect": lambda replay, run: replay.defect(run[0].state, run[1].move.name, run[1].arguments),
    "nothing is possible": lambda replay, run: replay.stuck(run[0].state),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_false_claim_is_refused_with_both_sides(claim: str) -> None:
    two_phase, run = run_of(1)
    with pytest.raises(Disagreement) as refused:
        CLAIMS[claim](Replay(two_phase), run)
    assert "the solver says" in str(refused.value)
    assert "the evaluator says" in str(refused.value)


def test_a_step_that_ends_otherwise_is_refused() -> None:
    """Where the evaluator finds a bound or a defect, and where an argument is of no such value."""
    stops = lower(Stops(Ticks=0))
    replay, start = Replay(stops), stops.start
    move = encode(stops).actions[0]
    taken = Taken(move, {}, start)
    with pytest.raises(Disagreement, match="Ticks"):
        replay.step(start, taken)
    with pytest.raises(Disagreement, match="the evaluator says: BoundReached"):
        replay.defect(start, move.name, {})
    two_phase, run = run_of(1)
    strange = replace(run[1], arguments={"r": "nobody"})
    with pytest.raises(Disagreement, match="there is no such choice"):
        Replay(two_phase).step(run[0].state, strange)
    unrolling = Unrolling(encode(BY_HAND))
    unrolling.extend()
    assert unrolling.found()
    before, taken = unrolling.run()
    absent = replace(taken, move=encode(BY_HAND).actions[0], arguments={"x": 2, "y": 0})
    with pytest.raises(Disagreement, match="there is no such choice"):
        Replay(BY_HAND).step(before.state, absent)


def test_a_false_claim_about_a_property_is_refused() -> None:
    two_phase, run = run_of(1)
    replay = Replay(two_phase)
    invariant, step = two_phase.properties[:2]
    replay.judged(invariant, run[0].state, expected=True)
    replay.judged(step, run[0].state, run[1], expected=True)
    with pytest.raises(Disagreement, match="consistent in"):
        replay.judged(invariant, run[0].state, expected=False)
    with pytest.raises(Disagreement, match=r"lasting in .* then "):
        replay.judged(step, run[0].state, run[1], expected=False)


def test_an_encoding_of_another_machine_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole way: a solver that works on a wrong formula is not believed."""
    wrong = replace(BY_HAND, actions=(replace(PICK, body=PICK.body[1:]), SPREAD))
    monkeypatch.setattr(
        "checker.engines.symbolic.runs.encode",
        lambda right: replace(encode(wrong), program=right),
    )
    with pytest.raises(Disagreement, match="it is not possible"):
        reachable_levels(BY_HAND, 2)


# ------------------------------------------------------------ budgets and requests


@pytest.mark.parametrize("seconds", [0.0, 0.2])
def test_time_that_runs_out_decides_nothing(seconds: float) -> None:
    """It takes far longer to show that no state is left, or that nothing is violated."""
    two_phase = lower(TwoPhase(RM=10))
    with pytest.raises(Undecided):
        reachable_levels(two_phase, 20, seconds=seconds)
    with pytest.raises(Undecided):
        bounded(two_phase, two_phase.properties[0], 40, seconds=seconds)


def test_a_solver_that_gives_up_decides_nothing() -> None:
    unrolling = Unrolling(encode(lower(TwoPhase(RM=3))))
    for _ in range(6):
        unrolling.extend()
    unrolling._solver.set("rlimit", 1)
    with pytest.raises(Undecided) as gave_up:
        unrolling.found()
    assert str(gave_up.value) not in {"", "the time is up"}


def test_a_kind_of_property_that_is_not_decided_is_refused() -> None:
    prop = replace(BY_HAND.properties[0], kind="eventually")
    with pytest.raises(RequestError, match="'eventually', which bounded runs do not decide"):
        bounded(BY_HAND, prop, 2)


def test_a_negative_number_of_steps_is_refused() -> None:
    with pytest.raises(RequestError, match="-1 steps"):
        reachable_levels(BY_HAND, -1)
    with pytest.raises(RequestError, match="-1 steps"):
        bounded(BY_HAND, None, -1)


def test_what_is_known_needs_no_model() -> None:
    assert terms.bit_in(None, bit=True) is True
    assert terms.int_in(None, terms.number(-3)) == -3


def test_terms_without_z3_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)
    spec = importlib.util.spec_from_file_location("terms_without_z3", bits.__file__)
    assert spec is not None
    assert spec.loader is not None
    with pytest.raises(RequestError, match="needs z3"):
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def test_without_z3_one_line_says_what_to_install() -> None:
    script = (
        "import sys; sys.modules['z3'] = None\n"
        "from checker.errors import RequestError\n"
        "try: import checker.engines.symbolic\n"
        "except RequestError as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.count("\n") == 1
    assert "pip install 'verdict-kafka[z3]'" in done.stdout
