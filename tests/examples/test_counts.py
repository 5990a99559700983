"""The examples' state counts equal what TLC prints for their originals, and others for theirs.

Distinct states, states generated (starts and repeats counted), and depth in states.  TLC 2.20 on
one worker; for the lost update Stateright gives the distinct states, and CPython running the
class the rest; for the quorum log the program in C that `verdict bench` measures gives all.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from checker import Limits, Machine, Verdict, check
from checker.engines.python.search import Search
from checker.language.lowering import lower
from checker.verdict import Silent
from examples.alternating_bit import AlternatingBit, Handshake
from examples.chang_roberts import ChangRoberts
from examples.coffee_can import CoffeeCan
from examples.dining_philosophers import DiningPhilosophers
from examples.inner_fifo import InnerFIFO
from examples.kip320 import Kip320, TruncateToHighWatermark
from examples.lost_update import LostUpdate, Step
from examples.quorum_log import Acks, QuorumLog
from examples.readers_writers import ReadersWriters
from examples.simple_allocator import SimpleAllocator
from examples.two_phase import TCommit, TwoPhase
from tests.examples.cpython import run
from tests.examples.engines import engine_for

LARGE = 50_000  # states from which on a count takes more than a few seconds
SLOW = (pytest.mark.slow, pytest.mark.timeout(600))


def kip320(replicas: int, records: int) -> dict[str, int]:
    """The source's constants, with epochs counted from 1."""
    return {"Replica": replicas, "LogSize": records, "Records": records, "LeaderEpoch": 3}


def quorum_log(epochs: int, records: int, in_flight: int) -> dict[str, int]:
    """Three voters, and bounds."""
    return {"Voter": 3, "LeaderEpoch": epochs, "LogSize": records, "InFlight": in_flight}


COUNTS: list[tuple[type[Machine], dict[str, Any], int, int, int]] = [
    (TCommit, {"RM": 3}, 34, 94, 7),
    (TwoPhase, {"RM": 3}, 288, 1_146, 11),
    (TwoPhase, {"RM": 5}, 8_832, 58_146, 17),
    (TwoPhase, {"RM": 7}, 296_448, 2_744_706, 23),
    (TwoPhase, {"RM": 8}, 1_745_408, 18_507_778, 26),
    (AlternatingBit, {"Data": 2}, 240, 1_392, 10),
    (InnerFIFO, {"Message": 3}, 3_864, 9_660, 11),
    (DiningPhilosophers, {"Seat": 5}, 67, 336, 29),
    (SimpleAllocator, {"Client": 3, "Resource": 2}, 400, 1_633, 6),
    (ChangRoberts, {"Node": 3}, 137, 227, 10),
    (CoffeeCan, {"most": 100}, 5_150, 20_002, 1),
    (ReadersWriters, {"Actor": 3, "Queue": 6}, 21_527, 59_674, 13),
    (LostUpdate, {"Thread": 2}, 13, 15, 5),
    (LostUpdate, {"Thread": 3}, 84, 112, 7),
    (LostUpdate, {"Thread": 4}, 755, 1_157, 9),
    (Kip320, kip320(2, 1), 1_365, 2_505, 14),
    (Kip320, kip320(2, 2), 5_973, 11_839, 18),
    (Kip320, kip320(3, 1), 97_531, 241_543, 22),
    (QuorumLog, quorum_log(2, 1, 1), 12_529, 43_417, 23),
    (QuorumLog, quorum_log(2, 1, 2), 42_478, 211_669, 24),
    (QuorumLog, quorum_log(3, 1, 1), 144_667, 588_487, 29),
    (QuorumLog, quorum_log(2, 2, 1), 762_454, 3_200_167, 45),
    (QuorumLog, quorum_log(2, 2, 2), 6_324_955, 37_376_368, 46),
]

HAZARDS: dict[type[Machine], frozenset[str]] = {LostUpdate: frozenset({"nothing_is_lost"})}


@pytest.mark.parametrize(
    ("machine", "settings", "distinct", "generated", "depth"),
    [pytest.param(*row, marks=SLOW if row[2] > LARGE else ()) for row in COUNTS],
)
def test_counts_equal_the_published_ones(
    machine: type[Machine], settings: dict[str, Any], distinct: int, generated: int, depth: int
) -> None:
    verdict = check(
        machine(**settings),
        hazards=HAZARDS.get(machine, frozenset()),
        engine=engine_for(machine),
    )
    assert (verdict.distinct, verdict.generated, verdict.depth) == (distinct, generated, depth)
    assert_as_expected(verdict)
    assert [done.action for done in verdict.coverage if done.fired == 0] == []


def test_each_module_says_what_was_checked() -> None:
    for machine, settings, *counts in COUNTS:
        lines = (sys.modules[machine.__module__].__doc__ or "").splitlines()
        told = [line.split() for line in lines if line.strip().startswith(machine.__name__)]
        assert [f"{count:,}" for count in counts] in [words[-3:] for words in told], settings


CONFIGURED = [
    (machine, configuration)
    for machine in (
        TCommit,
        TwoPhase,
        Handshake,
        AlternatingBit,
        InnerFIFO,
        DiningPhilosophers,
        SimpleAllocator,
        ChangRoberts,
        CoffeeCan,
        ReadersWriters,
        LostUpdate,
        Kip320,
        TruncateToHighWatermark,
        QuorumLog,
    )
    for configuration in machine.configurations
]


@pytest.mark.parametrize(("machine", "configuration"), CONFIGURED)
def test_configurations_are_as_expected(machine: type[Machine], configuration: Any) -> None:
    verdict = check(
        machine(**configuration.settings),
        configuration=configuration.name,
        hazards=configuration.hazards,
        engine=engine_for(machine),
    )
    assert_as_expected(verdict)


def assert_as_expected(verdict: Verdict) -> None:
    assert {f.id: f.result for f in verdict.findings} == {
        f.id: f.expected for f in verdict.findings
    }
    assert verdict.complete
    assert verdict.exit_status == 0


JUDGED = [
    (TCommit, {"RM": 3}),
    (TwoPhase, {"RM": 3}),
    (Handshake, {"Data": 2}),
    (AlternatingBit, {"Data": 2}),
    (InnerFIFO, {"Message": 2}),
    (DiningPhilosophers, {"Seat": 5}),
    (SimpleAllocator, {"Client": 2, "Resource": 2}),
    (ChangRoberts, {"Node": 3}),
    (CoffeeCan, {"most": 10}),
    (ReadersWriters, {"Actor": 2, "Queue": 4}),
    (ReadersWriters, {"Actor": 2, "Queue": 3}),
    (LostUpdate, {"Thread": 3}),
    (LostUpdate, {"Thread": 3, "step": Step.ATOMIC}),
    (Kip320, {"Replica": 2, "LogSize": 1, "Records": 1, "LeaderEpoch": 2}),
    (TruncateToHighWatermark, {"Replica": 2, "LogSize": 1, "Records": 1, "LeaderEpoch": 2}),
    (QuorumLog, quorum_log(1, 2, 1) | {"Voter": 2}),
    pytest.param(QuorumLog, quorum_log(1, 1, 1), marks=SLOW),
    pytest.param(QuorumLog, quorum_log(2, 1, 1) | {"Voter": 2, "acks": Acks.ONE}, marks=SLOW),
]


@pytest.mark.parametrize(("machine", "settings"), JUDGED)
def test_cpython_running_the_class_reaches_the_same_states(
    machine: type[Machine], settings: dict[str, Any]
) -> None:
    expected = run(machine(**settings))
    search = Search(lower(machine(**settings)), Limits(), Silent())
    found = search.run()
    unpack = search.compiled.layout.unpack
    assert {unpack(state) for state in found.parents} == expected.states
    verdict = check(machine(**settings))
    assert verdict.distinct == len(expected.states)
    assert verdict.generated == expected.generated
    assert verdict.depth == len(expected.levels)
    assert expected.broken == {
        finding.id: finding.trace.length if finding.trace else 0
        for finding in verdict.findings
        if finding.result == "violated"
    }


def test_a_step_past_a_capacity_is_counted_and_not_explored() -> None:
    whole = check(ReadersWriters(Actor=2, Queue=4))
    short = check(ReadersWriters(Actor=2, Queue=3), hazards=frozenset({"all_wait"}))
    assert whole.bounds == {"Queue": 0}
    assert short.bounds["Queue"] > 0
    assert short.distinct < whole.distinct
