"""`verdict check --engine all`: the engines compared, and what is said where they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

import pytest

from checker import Machine, certify
from checker.engines.native import build
from checker.engines.symbolic import agreement
from checker.engines.symbolic.runs import Levels
from checker.engines.tracing import Disagreement
from checker.errors import RequestError
from checker.language.machine import Snapshot
from examples.two_phase import TwoPhase
from tests.checker.engines import proved
from tests.verdict.running import TWO, one_line, verdict
from verdict import registry

FIRST: Mapping[str, Machine] = MappingProxyType(
    {
        f"{target.name}/{first.name}": target.cls(**first.settings)
        for target in registry.everything()
        for first in target.cls.configurations[:1]
    }
)
"""Each machine of the project, in its first configuration."""


@pytest.mark.parametrize("machine", FIRST.values(), ids=FIRST)
def test_the_engines_agree_on_the_machines_of_the_project(machine: Machine) -> None:
    found = certify(machine, steps=1, seconds=None)
    assert len(found.levels) == 2
    assert found.asked == 1
    assert ("native" in found.engines) == (build.compiler() is not None)
    assert found.exit_status == 0


@pytest.mark.slow
@pytest.mark.parametrize("machine", FIRST.values(), ids=FIRST)
def test_the_engines_agree_further(machine: Machine) -> None:
    found = certify(machine, steps=8, seconds=40)
    assert found.exit_status == 0
    assert sum(found.levels) > 8


def test_a_whole_machine_is_certified() -> None:
    found = certify(TwoPhase(RM=3))
    assert found.complete
    assert sum(found.levels) == 288
    assert found.lengths["promised_in_vain"] == 5
    assert found.lengths["consistent"] is None
    assert found.stopped == ""


def test_a_violation_is_as_far_for_all() -> None:
    found = certify(proved.Tickets(Worker=2, Ticket=2, counting=False))
    assert found.lengths["numbers_differ"] == 3
    assert found.lengths["numbers_grow"] is None


def test_time_that_is_up_ends_it() -> None:
    found = certify(TwoPhase(RM=4), seconds=0.0)
    assert found.levels == ()
    assert found.asked == -1
    assert found.exit_status == 3
    assert found.stopped == "the time is up"


def test_fewer_steps_than_none_are_refused() -> None:
    with pytest.raises(RequestError, match="-1 steps"):
        certify(TwoPhase(RM=3), steps=-1)


def test_a_state_that_only_one_has_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = Levels.next

    def without_one(self: Levels) -> set[Snapshot]:
        level = whole(self)
        return level - {max(level, key=repr)} if len(level) > 1 else level

    monkeypatch.setattr(Levels, "next", without_one)
    with pytest.raises(Disagreement, match="6 for z3, 7 for the search"):
        certify(TwoPhase(RM=3))


def test_a_length_that_differs_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = agreement._lengths

    def longer(*given: object) -> object:
        found, asked = lengths(*given)  # type: ignore[arg-type]
        return found | {"promised_in_vain": 6}, asked

    monkeypatch.setattr(agreement, "_lengths", longer)
    with pytest.raises(Disagreement, match="promised_in_vain: a shortest run of 6 states for z3"):
        certify(TwoPhase(RM=3))


def test_the_certificate_is_printed() -> None:
    said = verdict("check", TWO, "RM=3", "--engine", "all")
    assert said.status == 0
    assert "agree" in said.out
    assert "1, 7, 21, 38, 50, 54, 49, 36, 21, 9, 2 (288, which are all)" in said.out
    assert "promised_in_vain 5" in said.out


def test_the_certificate_as_json() -> None:
    said = verdict("check", TWO, "RM=2", "--engine", "all", "--format", "json")
    found = json.loads(said.out)
    assert found["engine"] == "all"
    assert found["complete"]
    assert found["distinct"] == sum(found["levels"])
    assert found["lengths"]["consistent"] is None
    assert found["exit_status"] == said.status == 0


def test_nothing_compared_is_no_certificate() -> None:
    said = verdict("check", TWO, "RM=5", "--engine", "all", "--timeout", "0.001")
    assert said.status == 3
    assert "nothing could be compared" in said.out
    assert "agree" not in said.out


def test_a_certificate_is_text_or_json() -> None:
    said = verdict("check", TWO, "RM=2", "--engine", "all", "--format", "junit")
    assert "text or json, not junit" in one_line(said)
