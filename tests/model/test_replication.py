"""Replication and the controller: what is found in each configuration, and in broken designs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checker import Machine, Verdict, check, replay
from checker.check import Engine
from checker.engines.native import compiler
from checker.language.machine import declaration
from model.controller import Controller
from model.replication import Readers, Replication
from spec.replication import CONTROLLER, REPLICATION
from tests.model.pinned import Broken
from tests.model.replication_pinned import BROKEN, COUNTED

LARGE = 100_000
"""More states than this are left out of quick runs."""

SMALL = 2_000
"""Up to so many states the python engine is asked as well."""

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


def searches() -> Iterator[object]:
    """Machines and configurations; what takes long is left out of quick runs."""
    for cls, configurations in COUNTED.items():
        for name, counted in configurations.items():
            slow = counted.distinct > LARGE
            yield pytest.param(
                cls, name, id=f"{cls.__name__}-{name}", marks=pytest.mark.slow if slow else ()
            )


def searched(cls: type[Machine], name: str, engine: Engine = "native") -> Verdict:
    """The verdict on a configuration."""
    found = next(one for one in cls.configurations if one.name == name)
    return check(cls(**found.settings), configuration=name, hazards=found.hazards, engine=engine)


def test_every_configuration_is_pinned() -> None:
    for cls, configurations in COUNTED.items():
        assert [one.name for one in cls.configurations] == list(configurations)


@pytest.mark.parametrize(("cls", "name"), list(searches()))
def test_what_is_found_is_as_pinned(cls: type[Machine], name: str) -> None:
    """One search a test: counts, what is false, shortest traces, and that each is a run."""
    verdict, counted = searched(cls, name), COUNTED[cls][name]
    found = next(one for one in cls.configurations if one.name == name)
    assert verdict.complete
    assert verdict.exit_status == 0
    counts = (verdict.distinct, verdict.generated, verdict.depth)
    assert counts == (counted.distinct, counted.generated, counted.depth)
    traces = {one.id: one.trace for one in verdict.findings if one.trace is not None}
    lengths = {identifier: trace.length for identifier, trace in traces.items()}
    assert lengths == {**counted.false, **counted.witnessed}
    assert set(counted.false) == found.hazards
    for trace in traces.values():
        replay(cls(**found.settings), trace)


@pytest.mark.parametrize(
    ("cls", "name"),
    [(cls, name) for cls, some in COUNTED.items() for name in some if some[name].distinct < SMALL],
)
def test_the_engines_agree(cls: type[Machine], name: str) -> None:
    native, python = searched(cls, name), searched(cls, name, "python")
    assert (native.distinct, native.generated, native.depth) == (
        python.distinct, python.generated, python.depth,
    )  # fmt: skip
    assert [one.result for one in native.findings] == [one.result for one in python.findings]


@pytest.mark.parametrize(
    ("cls", "broken"),
    [pytest.param(cls, one, id=one.design) for cls, some in BROKEN.items() for one in some],
)
def test_a_broken_design_is_found_out(cls: type[Machine], broken: Broken) -> None:
    verdict = check(cls(**broken.settings), engine="native")
    assert verdict.complete
    assert verdict.exit_status == 1
    violated = [one for one in verdict.findings if one.result == "violated"]
    false = {one.id: one.trace.length if one.trace else 0 for one in violated}
    assert false == broken.false
    assert set(broken.breaks) <= set(false)
    lassos = {
        one.id: (one.trace.loop, len(one.trace.steps) - one.trace.loop)
        for one in violated
        if one.trace is not None and one.trace.loop is not None
    }
    assert lassos == broken.lassos


def test_every_promise_has_a_design_that_breaks_it() -> None:
    asked = {
        method.promise.id
        for cls in (Readers, Controller)
        for method in declaration(cls).of("invariant", "step", "eventually", "refines")
    }
    broken = {promise for some in BROKEN.values() for one in some for promise in one.breaks}
    promises = {one.id for one in (*REPLICATION, *CONTROLLER)} | {"as_partition_log"}
    assert promises <= asked
    assert promises == broken


def test_every_action_is_taken_somewhere() -> None:
    """But for the one that only designs before 2.7 have."""
    taken = {
        one.action
        for cls, name in ((Replication, "shut down"), (Replication, "in the end"),
                          (Readers, "end offset"), (Readers, "truncated"))
        for one in searched(cls, name).coverage
        if one.fired > 0
    }  # fmt: skip
    declared = {method.name for method in declaration(Readers).of("action")}
    assert declared - taken == {"truncate"}
