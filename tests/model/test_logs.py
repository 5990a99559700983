"""The log, compaction and routing: what is found in each configuration, and in broken designs.

By the native engine, where there is a C compiler, and by the python engine, which agree; and each
promise is worth something: there is a design in which it is false, and that is found.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checker import Machine, Verdict, check, replay
from checker.check import Engine
from model import Compaction, Log, Routing
from spec import COMPACTION, LOG, ROUTING
from tests.model.logs_pinned import BROKEN, COUNTED
from tests.model.pinned import Broken

LARGE = 6_300
"""More states than this take the python engine so long that quick runs leave them out."""

PROMISES = {
    Log: ({promise.id for promise in LOG} | {"as_partition_log"}, {"LOG-10"}),
    Compaction: ({promise.id for promise in COMPACTION} | {"as_changelog"}, {"LOG-16"}),
    Routing: ({promise.id for promise in ROUTING}, {"RTE-6"}),
}
"""Of each machine, what it promises, and what it does not though it is believed."""


def cases() -> Iterator[object]:
    """Machines, configurations and engines; what takes long is left out of quick runs."""
    for cls, configurations in COUNTED.items():
        for name, counted in configurations.items():
            large = counted.distinct > LARGE
            yield pytest.param(cls, name, "auto", id=f"{cls.__name__}-{name}-auto")
            yield pytest.param(
                cls,
                name,
                "python",
                id=f"{cls.__name__}-{name}-python",
                marks=pytest.mark.slow if large else (),
            )


def searched(cls: type[Machine], name: str, engine: Engine) -> Verdict:
    """The verdict on a configuration."""
    found = next(one for one in cls.configurations if one.name == name)
    return check(cls(**found.settings), configuration=name, hazards=found.hazards, engine=engine)


def test_every_configuration_is_pinned() -> None:
    for cls, configurations in COUNTED.items():
        assert [one.name for one in cls.configurations] == list(configurations)


@pytest.mark.parametrize(("cls", "name", "engine"), list(cases()))
def test_what_is_found_is_as_pinned(cls: type[Machine], name: str, engine: Engine) -> None:
    """One search a test: counts, what is false, shortest traces, and that each is a run."""
    verdict, counted = searched(cls, name, engine), COUNTED[cls][name]
    assert verdict.complete
    assert verdict.exit_status == 0
    counts = (verdict.distinct, verdict.generated, verdict.depth)
    assert counts == (counted.distinct, counted.generated, counted.depth)
    traces = {found.id: found.trace for found in verdict.findings if found.trace is not None}
    lengths = {identifier: trace.length for identifier, trace in traces.items()}
    assert lengths == {**counted.false, **counted.witnessed}
    assert {f.id for f in verdict.findings if f.result == "violated"} == set(counted.false)
    assert [finding.id for finding in verdict.findings if finding.vacuous] == []
    assert [one.action for one in verdict.coverage if one.fired == 0] == []
    settings = next(one.settings for one in cls.configurations if one.name == name)
    for trace in traces.values():
        replay(cls(**settings), trace)


@pytest.mark.parametrize(
    ("cls", "broken"),
    [pytest.param(cls, one, id=one.design) for cls, designs in BROKEN.items() for one in designs],
)
def test_a_broken_design_is_found_out(cls: type[Machine], broken: Broken) -> None:
    verdict = check(cls(**broken.settings))
    assert verdict.complete
    false = {
        finding.id: finding.trace.length if finding.trace else 0
        for finding in verdict.findings
        if finding.result == "violated"
    }
    assert false == broken.false
    assert set(broken.breaks) <= set(false)
    lassos = {
        finding.id: (finding.trace.loop, len(finding.trace.steps) - finding.trace.loop)
        for finding in verdict.findings
        if finding.trace is not None and finding.trace.loop is not None
    }
    assert lassos == broken.lassos


@pytest.mark.parametrize("cls", PROMISES)
def test_every_promise_has_a_design_that_breaks_it(cls: type[Machine]) -> None:
    """Or, where it is commonly believed and false, a configuration in which it is found so."""
    promised, believed = PROMISES[cls]
    broken = {promise for one in BROKEN[cls] for promise in one.breaks}
    false = {promise for counted in COUNTED[cls].values() for promise in counted.false}
    assert broken.isdisjoint(believed)
    assert promised - believed == broken
    assert believed <= false


def taken(cls: type[Machine], name: str, promise: str) -> list[str]:
    """The actions of a shortest trace."""
    trace = searched(cls, name, "auto").finding(promise).trace
    assert trace is not None
    return [step.action for step in trace.steps]


def test_a_power_failure_loses_what_was_committed() -> None:
    assert taken(Log, "power failure", "LOG-4") == ["append", "advance", "crash"]


def test_deleted_records_come_back() -> None:
    """The start is moved inside a segment, and forgotten."""
    steps = taken(Log, "records deleted by request", "LOG-10")
    assert steps == ["append", "advance", "delete_records", "crash", "recover"]


def test_a_slow_reader_misses_a_tombstone() -> None:
    """It reads the value, and by the time it goes on, two passes have removed the rest."""
    steps = taken(Compaction, "slow reader", "LOG-16")
    assert steps.index("read") < steps.index("tick")
    assert steps.count("clean") == 2


def test_a_key_moves_when_partitions_are_added() -> None:
    steps = taken(Routing, "partitions are added", "RTE-6")
    assert steps == ["produce", "add_partitions", "produce"]
