"""What a suite says of a broker: one result for each of its tests."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum


class Outcome(Enum):
    """How one test ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Result:
    """One test on one broker.

    why      what it says of its failure, or of why it was skipped: one line
    seconds  how long it took
    """

    test: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Suite:
    """A suite of tests.

    title  what it is, with its version
    tests  how many there are: a run that gives fewer has not run
    fetch  has it here; Absent where that cannot be
    run    runs it against the broker at an address
    """

    name: str
    title: str
    tests: int
    fetch: Callable[[], None]
    run: Callable[[str], Sequence[Result]]


def count(results: Sequence[Result], outcome: Outcome) -> int:
    """How many tests ended so."""
    return sum(result.outcome is outcome for result in results)


def behind(results: Sequence[Sequence[Result]]) -> list[Result]:
    """What the first broker fails and another one passes; all that it fails where it is alone."""
    first, *others = results
    passed = {r.test for each in others for r in each if r.outcome is Outcome.PASSED}
    failed = [result for result in first if result.outcome is Outcome.FAILED]
    return [result for result in failed if not others or result.test in passed]
