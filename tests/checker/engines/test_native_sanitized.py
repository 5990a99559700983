"""The native engine under AddressSanitizer, UndefinedBehaviorSanitizer and ThreadSanitizer.

`make test` looks at a few machines; all examples, the machines of every feature and a consumer
group are looked at with

    pytest -m "slow or not slow" tests/checker/engines/test_native_sanitized.py
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checker import Limits, Machine, check
from checker.engines.native.engine import MEMORY_LIMIT
from examples.two_phase import TwoPhase
from model.group import Group
from tests.checker.engines.sanitized import ADDRESSES, THREADS, Counts, Sanitized, missing
from tests.checker.engines.shipped import shipped
from tests.checker.language.features import MACHINES
from verdict import registry

DEPTH = 8
QUICK = ("two_phase-TwoPhase-three", "features-messages", "features-lists", "features-talk")
THREADED = ("readers_writers-ReadersWriters-three actors", "two_phase-TwoPhase-five",
            "features-parts", "features-lists", "group-crash")  # fmt: skip


@pytest.fixture
def sanitizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The sanitizer that the test names; skips it where there is none."""
    name = str(request.param)
    if reason := missing(name, tmp_path_factory.mktemp("sanitizer")):
        pytest.skip(reason)
    return name


addresses = pytest.mark.parametrize("sanitizer", [ADDRESSES], indirect=True, ids=["addresses"])
threads = pytest.mark.parametrize("sanitizer", [THREADS], indirect=True, ids=["threads"])
both = pytest.mark.parametrize(
    "sanitizer", [ADDRESSES, THREADS], indirect=True, ids=["addresses", "threads"]
)


def machines() -> dict[str, Machine]:
    """Every example, feature and the smaller groups, by name."""
    groups = registry.configurations(Group)
    return {
        **dict(shipped()),
        **{f"features-{name}": machine for name, machine in MACHINES.items()},
        **{f"group-{name}": Group(**groups[name].settings) for name in ("smallest", "crash")},
    }


def cases(quick: tuple[str, ...], names: tuple[str, ...] = ()) -> list[Any]:
    """Machines as parameters: all, or those of some names; those that are not quick are slow."""
    return [
        pytest.param(machine, id=name, marks=() if name in quick else pytest.mark.slow)
        for name, machine in machines().items()
        if not names or name in names
    ]


def expected(machine: Machine) -> tuple[int, int, int]:
    """What the python engine counts."""
    verdict = check(machine, limits=Limits(depth=DEPTH))
    return verdict.distinct, verdict.generated, verdict.depth


def told(counts: Counts) -> tuple[int, int, int]:
    return counts.distinct, counts.generated, counts.depth


@addresses
@pytest.mark.parametrize("machine", cases(QUICK))
def test_no_address_is_wrong_and_nothing_is_undefined(
    machine: Machine, sanitizer: str, tmp_path: Path
) -> None:
    assert told(Sanitized(machine, sanitizer, tmp_path).run(1, DEPTH)) == expected(machine)


@threads
@pytest.mark.parametrize("machine", [case for case in cases(THREADED[:1]) if case.id in THREADED])
def test_threads_do_not_race(machine: Machine, sanitizer: str, tmp_path: Path) -> None:
    program = Sanitized(machine, sanitizer, tmp_path)
    known = expected(machine)
    for workers in (2, 3):
        assert told(program.run(workers, DEPTH)) == known


@pytest.mark.slow
@both
@pytest.mark.parametrize("symmetry", [False, True], ids=["plain", "symmetry"])
@pytest.mark.parametrize("fingerprints", [False, True], ids=["states", "fingerprints"])
def test_other_ways_to_search(
    symmetry: bool, fingerprints: bool, sanitizer: str, tmp_path: Path
) -> None:
    machine = MACHINES["talk"]
    program = Sanitized(machine, sanitizer, tmp_path, symmetry=symmetry, fingerprints=fingerprints)
    one, *others = [program.run(workers, DEPTH) for workers in (1, 2, 3)]
    assert others == [one, one]
    assert (one.distinct < expected(machine)[0]) == symmetry


@pytest.mark.slow
@both
def test_a_search_that_is_put_down_and_taken_up(sanitizer: str, tmp_path: Path) -> None:
    machine, checkpoint = TwoPhase(RM=5), tmp_path / "checkpoint"
    program = Sanitized(machine, sanitizer, tmp_path)
    whole = program.run(3)
    first = program.run(3, 9, checkpoint=checkpoint)
    second = program.run(2, checkpoint=checkpoint)
    assert first.distinct < whole.distinct
    assert (first.resumed, second.resumed) == (0, 1)
    assert told(second) == told(whole)


@pytest.mark.slow
@both
@pytest.mark.parametrize("fingerprints", [False, True], ids=["states", "fingerprints"])
def test_a_search_ends_where_there_is_no_space(
    fingerprints: bool, sanitizer: str, tmp_path: Path
) -> None:
    machine = MACHINES["parts"]
    program = Sanitized(machine, sanitizer, tmp_path, fingerprints=fingerprints)
    for workers in (1, 3):
        counts = program.run(workers, room=2_000)
        assert counts.status == MEMORY_LIMIT
        assert 0 < counts.distinct < 2_000


# ---------------------------------------------------------------- what sanitizers find


@threads
def test_a_race_would_be_found(sanitizer: str, tmp_path: Path) -> None:
    counted = "__atomic_add_fetch(&run->found, more, __ATOMIC_RELAXED)"
    spoilt = {"search.c": (counted, "(run->found += more)")}
    program = Sanitized(TwoPhase(RM=5), sanitizer, tmp_path, spoilt=spoilt)

    def run_until_threads_meet() -> None:
        for _ in range(20):
            program.run(3)

    with pytest.raises(AssertionError, match="data race"):
        run_until_threads_meet()


@addresses
def test_a_wrong_address_would_be_found(sanitizer: str, tmp_path: Path) -> None:
    spoilt = {"runtime.h": ("E v[CAP];", "E v[1];")}
    program = Sanitized(MACHINES["lists"], sanitizer, tmp_path, spoilt=spoilt)
    with pytest.raises(AssertionError, match=r"buffer-overflow|out of bounds"):
        program.run(1)
