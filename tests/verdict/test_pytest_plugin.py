"""The pytest plugin, in a test suite of somebody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.verdict.running import TWO_PHASE

pytest_plugins = ["pytester"]

LOCK = '''
"""A lock that two can hold, if it is careless."""

from enum import Enum, auto
from verdict import *


class Thread(Index):
    """Wants the lock."""


class Lock(Machine):
    """A lock."""

    holders: Set[Thread]
    careless: Variant[bool] = False

    @action
    def take(self, t: Thread) -> None:
        """Somebody takes it."""
        require(self.careless or len(self.holders) == 0)
        self.holders.add(t)

    @action
    def free(self, t: Thread) -> None:
        """Somebody lets go."""
        require(t in self.holders)
        self.holders.remove(t)

    @invariant
    def exclusive(self) -> bool:
        """At most one thread holds the lock."""
        return len(self.holders) <= 1

    configurations = (
        configuration("two", Thread=2),
        configuration("careless", Thread=2, careless=True, hazards=("exclusive",)),
    )
'''

BROKEN = LOCK.replace(', hazards=("exclusive",)', "")


@pytest.fixture
def suite(pytester: pytest.Pytester) -> pytest.Pytester:
    pytester.makeini("[pytest]\naddopts = -p no:cacheprovider\n")
    return pytester


def run(suite: pytest.Pytester, *words: str) -> pytest.RunResult:
    return suite.runpytest_inprocess(*words)


def test_a_machine_and_configuration_is_a_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=LOCK)
    result = run(suite, "-v")
    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(
        ["machine_lock.py::Lock::two PASSED*", "machine_lock.py::Lock::careless PASSED*"]
    )


def test_one_configuration_can_be_chosen(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=LOCK)
    run(suite, "machine_lock.py::Lock::two").assert_outcomes(passed=1)
    run(suite, "-k", "careless").assert_outcomes(passed=1, deselected=1)


def test_a_violation_shows_the_trace_and_no_traceback(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=BROKEN)
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        [
            "*_ Lock, careless _*",
            "exclusive VIOLATED: At most one thread holds the lock.",
            "  false: len(self.holders) <= 1",
            "         self.holders  {thread-0, thread-1}",
            "  the shortest way there, 2 steps:",
            "     1  start",
            "     3  thread-1  take(t=thread-1)",
            "         holders  {thread-0} → {thread-0, thread-1}",
            "  reproduce: verdict check machine_lock.py:Lock/careless --property exclusive",
            "FAILED machine_lock.py::Lock::careless*",
        ]
    )
    result.stdout.no_fnmatch_line("*Traceback*")
    result.stdout.no_fnmatch_line("*runtest*")


def test_a_hazard_that_is_not_found_fails(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=LOCK.replace("careless=True, ", ""))
    result = run(suite)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["*exclusive HOLDS, though expected to be false*"])


def test_a_test_module_names_machines_as_test_classes(suite: pytest.Pytester) -> None:
    suite.makepyfile(lock=LOCK)
    suite.makepyfile(
        test_lock="""
        from lock import Lock

        TestLock = Lock

        class TestCareless(Lock):
            configurations = Lock.configurations[1:]

        def test_ordinary() -> None:
            assert Lock(Thread=1).exclusive()
        """
    )
    result = run(suite, "-v")
    result.assert_outcomes(passed=4)
    result.stdout.fnmatch_lines(
        ["test_lock.py::TestLock::two PASSED*", "test_lock.py::TestCareless::careless PASSED*"]
    )


def test_an_imported_machine_is_no_test(suite: pytest.Pytester) -> None:
    suite.makepyfile(lock=LOCK, test_lock="from lock import Lock\ndef test_it() -> None: ...\n")
    run(suite).assert_outcomes(passed=1)


def test_the_files_are_the_ini_options(suite: pytest.Pytester) -> None:
    suite.makeini("[pytest]\nverdict_machines = specs/*.py two_*.py\n")
    suite.makepyfile(machine_lock="raise RuntimeError('not collected')\n")
    suite.mkdir("specs").joinpath("lock.py").write_text(LOCK, encoding="utf-8")
    suite.path.joinpath("two_phase.py").write_text(
        TWO_PHASE.read_text(encoding="utf-8"), encoding="utf-8"
    )
    run(suite).assert_outcomes(passed=2 + 5)


def test_without_configurations_the_defaults_are_checked(suite: pytest.Pytester) -> None:
    text = LOCK.partition("    configurations")[0].replace("(Index)", "(Index, default=2)")
    suite.makepyfile(machine_lock=text)
    result = run(suite, "-v")
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["machine_lock.py::Lock::defaults PASSED*"])


@pytest.mark.parametrize("way", ["option", "ini"])
def test_a_budget_that_runs_out_fails(suite: pytest.Pytester, way: str) -> None:
    text = LOCK.replace('"two", Thread=2', '"two", Thread=14')
    suite.makepyfile(machine_lock=text)
    words = ["--verdict-max-states=5"] if way == "option" else []
    if way == "ini":
        suite.makeini("[pytest]\nverdict_max_states = 5\n")
    result = run(suite, "-k", "two", *words)
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*?  exclusive*unknown*", "*stopped: 5 states*"])


def test_a_machine_outside_the_language_is_told_with_its_place(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=LOCK.replace("len(self.holders) <= 1", "lambda: True"))
    result = run(suite)
    result.assert_outcomes(failed=2)
    result.stdout.fnmatch_lines(["*machine_lock.py:32:16: V100*", "*^^^*"])
    result.stdout.no_fnmatch_line("*Traceback*")


def test_a_file_that_cannot_be_loaded_is_an_error_of_collection(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock="import nothing_of_that_name\n")
    result = run(suite)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*V300*cannot be loaded*ModuleNotFoundError*"])


def test_a_wrong_option_is_told(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=LOCK)
    result = run(suite, "--verdict-max-memory=much", "-k", "two")
    result.assert_outcomes(failed=1, deselected=1)
    result.stdout.fnmatch_lines(["*V300: --max-memory=much is no amount*"])


def test_the_report_of_other_tools_has_each_machine(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=BROKEN)
    run(suite, "--junitxml=report.xml").assert_outcomes(passed=1, failed=1)
    report = Path(suite.path / "report.xml").read_text(encoding="utf-8")
    assert "exclusive VIOLATED" in report
    assert 'name="two"' in report


def test_items_can_run_side_by_side(suite: pytest.Pytester) -> None:
    suite.makepyfile(machine_lock=BROKEN)
    result = suite.runpytest_subprocess("-n2", timeout=60)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(["exclusive VIOLATED: At most one thread holds the lock."])
