"""Two judges: the engine, from the lowered source, and CPython running the classes themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from checker import Settings, Snapshot, check
from checker.language.machine import settings_of
from checker.language.resolving import state_type
from checker.language.states import restore, snapshot
from model import Group
from model.members import Assignor
from tests.examples.cpython import run
from tests.model.pinned import TWO
from tests.model.test_configurations import CONFIGURATIONS, searched

DESIGNS: list[Mapping[str, Any]] = [
    TWO,
    {**TWO, "assignor": Assignor.INCOMPLETE},
]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param(DESIGNS[0], id="smallest", marks=pytest.mark.slow),
        pytest.param(DESIGNS[1], id="incomplete"),
    ],
)
def test_cpython_and_the_engine_agree(settings: Mapping[str, Any]) -> None:
    verdict, second = check(Group(**settings)), run(Group(**settings))
    assert verdict.distinct == len(second.states)
    assert verdict.generated == second.generated
    assert verdict.depth == len(second.levels)
    # CPython is asked of everything, and does not know refinements.
    for finding in verdict.findings:
        if finding.kind in {"invariant", "step"}:
            length = finding.trace.length if finding.trace else None
            assert second.broken.get(finding.id) == length, finding.id


@pytest.mark.parametrize(
    ("name", "promise"),
    [
        ("slow", "OWN-3"),
        ("crash", "taken_over"),
        ("crash", "DLV-3"),
        ("auto-commit", "DLV-4"),
        ("late commit first", "DLV-5"),
        ("late commit", "DLV-8"),
        ("two groups", "DLV-3"),
    ],
)
def test_cpython_takes_the_engines_traces(name: str, promise: str) -> None:
    trace = searched(name).finding(promise).trace
    assert trace is not None
    group = Group(**CONFIGURATIONS[name].settings)
    restore(group, trace.initial)
    for step in trace.steps:
        getattr(group, step.action)(**step.arguments)
        assert taken_from(group, settings_of(group)) == step.state


def taken_from(group: Group, settings: Settings) -> Snapshot:
    """The state that a group is in."""
    return snapshot(group, state_type(Group, settings))
