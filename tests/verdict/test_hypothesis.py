"""Machines as state machines of Hypothesis's: ordinary ones, whose failures can be run again."""

from __future__ import annotations

import subprocess
import sys
import textwrap
import unittest
from pathlib import Path

import pytest
from hypothesis import Phase, reproduce_failure, settings
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import DidNotReproduce
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from checker import Disabled, Machine, initial
from checker.engines.random import stepping
from checker.errors import EngineError, RequestError
from examples.two_phase import RM, TwoPhase
from model import Group
from model.members import Assignor
from tests.checker.engines.machines import Account, Clock, Fading, Limits12, Posting, Waiting
from verdict.hypothesis import MachineRules, Violated, state_machine
from verdict.saved import load

QUICK = settings(max_examples=30, stateful_step_count=12)
POSTING = Posting(Node=2, Count=2, Post=2)


def failure(rules: type[MachineRules], how: settings = QUICK) -> Violated:
    """What a run of the state machine fails with."""
    with pytest.raises(Violated) as caught:
        run_state_machine_as_test(rules, settings=how)
    return caught.value


def test_what_holds_passes_as_any_test_does() -> None:
    rules = state_machine(TwoPhase(RM=3))
    rules.TestCase.settings = QUICK
    assert issubclass(rules, RuleBasedStateMachine)
    assert rules.__name__ == "TwoPhaseRules"
    done = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(rules.TestCase).run(done)
    assert done.testsRun == 1
    assert done.wasSuccessful()


def test_a_failure_is_lines_that_run(tmp_path: Path) -> None:
    rules = state_machine(POSTING, traces=tmp_path)
    notes = "\n".join(failure(rules).__notes__)
    lines = [line for line in notes.splitlines() if line.startswith("state")]
    assert lines[0] == "state = PostingRules()"
    assert "state.send(n=Node(0))" in lines
    module = sys.modules[Posting.__module__]
    with pytest.raises(Violated, match="not_ones_own"):
        exec("\n".join(lines), {**vars(module), "PostingRules": rules})  # noqa: S102


def test_a_failure_is_saved_to_be_replayed_and_tested(tmp_path: Path) -> None:
    said = str(failure(state_machine(POSTING, traces=tmp_path)))
    assert said.startswith("not_ones_own: ")
    assert f"verdict trace replay {tmp_path / 'Posting-not_ones_own.itf.json'}" in said
    loaded = load(tmp_path / "Posting-not_ones_own.itf.json")
    assert loaded.about.property == "not_ones_own"
    assert len(loaded.trace.steps) <= 6
    test = tmp_path / "test_posting_not_ones_own.py"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("machine", "broken"),
    [
        (Waiting(Node=2), "everyone_is_done"),
        (Account(Node=2), "served"),
        (Account(Node=2, limit=Limits12.FORGOTTEN), "well-defined"),
        (Fading(Node=1), "as_barred"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
@pytest.mark.parametrize(
    "compiled",
    [True, pytest.param(False, marks=pytest.mark.slow)],
    ids=["native", "evaluator"],
)
def test_whatever_can_be_violated_is(
    machine: Machine, broken: str, compiled: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_program: object) -> None:
        raise EngineError("there is no C compiler")

    if not compiled:
        monkeypatch.setattr(stepping, "Native", refuse)
    rules = state_machine(machine, only=frozenset({broken}), traces=tmp_path)
    assert isinstance(rules.stepper, stepping.Interpreted) is not compiled
    assert str(failure(rules)).startswith(f"{broken}: ")
    load(tmp_path / f"{type(machine).__name__}-{broken}.itf.json")


def test_settings_and_profiles_are_hypothesis_s_own(tmp_path: Path) -> None:
    before = settings.get_current_profile_name()
    settings.register_profile("verdict-short", max_examples=1, stateful_step_count=1)
    settings.load_profile("verdict-short")
    try:
        run_state_machine_as_test(state_machine(POSTING, traces=tmp_path))
    finally:
        settings.load_profile(before)
    failure(state_machine(POSTING, traces=tmp_path))


def test_an_example_that_failed_is_tried_first_the_next_time(tmp_path: Path) -> None:
    known = InMemoryExampleDatabase()
    failure(state_machine(POSTING, traces=tmp_path), settings(QUICK, database=known))
    assert known.data
    again = settings(QUICK, database=known, phases=[Phase.reuse])
    failure(state_machine(POSTING, traces=tmp_path), again)


def test_a_failure_is_reproduced_from_its_blob(tmp_path: Path) -> None:
    rules = state_machine(POSTING, traces=tmp_path)
    notes = "\n".join(failure(rules, settings(QUICK, print_blob=True)).__notes__)
    call = notes[notes.index("@reproduce_failure") + 1 :].split(")")[0] + ")"
    decorate = eval(call, {"reproduce_failure": reproduce_failure})  # noqa: S307
    failure(decorate(rules))
    with pytest.raises(DidNotReproduce):
        run_state_machine_as_test(decorate(state_machine(TwoPhase(RM=2))), settings=QUICK)


class Anywhere(Clock):
    """A clock that begins at any hour."""

    @initial
    def at(self, late: bool) -> None:
        """Now, or later."""
        self.hour = 8 if late else 1


def test_where_to_begin_is_drawn_too(tmp_path: Path) -> None:
    failure(state_machine(Anywhere(), only=frozenset({"before_nine"}), traces=tmp_path))
    loaded = load(tmp_path / "Anywhere-before_nine.itf.json")
    assert loaded.trace.start == "at"
    assert len(loaded.trace.steps) == 1


def test_a_step_that_is_not_possible_is_refused() -> None:
    state = state_machine(TwoPhase(RM=2))()
    state.rm_prepare(r=RM(0))  # type: ignore[attr-defined]
    with pytest.raises(Disabled, match="rm_prepare is not possible here"):
        state.rm_prepare(r=RM(0))  # type: ignore[attr-defined]


class Idle(Machine):
    """Has nothing to do."""

    done: bool = False


def test_a_machine_without_actions_is_refused() -> None:
    with pytest.raises(RequestError, match="Idle has no action to take"):
        state_machine(Idle())


def test_without_hypothesis_one_line_says_what_to_install() -> None:
    program = """
        import sys
        sys.modules["hypothesis"] = None
        from checker.errors import RequestError
        try:
            import verdict.hypothesis
        except RequestError as error:
            print(error)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True, check=True
    )
    assert len(done.stdout.splitlines()) <= 2
    assert "pip install 'verdict-kafka[hypothesis]'" in done.stdout


@pytest.mark.slow
def test_a_group_breaks_what_it_is_known_to_break(tmp_path: Path) -> None:
    machine = Group(
        Member=2, Partition=1, Generation=2, Offset=1, assignor=Assignor.OVERLAPPING
    )  # fmt: skip
    rules = state_machine(machine, only=frozenset({"OWN-1"}), traces=tmp_path)
    failure(rules, settings(max_examples=300, stateful_step_count=40))
    assert len(load(tmp_path / "Group-OWN-1.itf.json").trace.steps) < 20
