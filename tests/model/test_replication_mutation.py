"""The mistakes that no property notices: all of the controller's, and replication's guards.

Of replication, each guard is left out, in the configurations below, one after the other until
somebody notices.  That takes minutes: slow tests.  What else could be changed in its steps is for
`verdict mutate`.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker import Limits
from checker.language.lowering import lower
from checker.mutation.explained import read
from checker.mutation.mutants import Mutants
from checker.mutation.trial import Subject, judge, original
from model.replication import Replication
from tests.verdict.running import verdict

MODEL = Path(__file__).parents[2] / "model"
EXPLAINED = MODEL / "survivors_replication.toml"
CONFIGURATIONS = ("acks=1", "in the end", "shut down")


def subject(name: str) -> Subject:
    """The machine in one of its configurations."""
    found = next(one for one in Replication.configurations if one.name == name)
    return Subject(name, lower(Replication(**found.settings)), found.hazards)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_guard_that_nobody_misses_is_explained() -> None:
    survivors: dict[str, bool] = {}
    for name in CONFIGURATIONS:
        machine = subject(name)
        beside = original(machine, Limits())
        assert beside is not None
        mutants = Mutants(machine.program)
        for identifier, mutant in mutants.differing().items():
            if mutant.operator == "drop-guard" and survivors.get(identifier, True):
                fate = judge(mutants.program_of(mutant), beside, None).fate
                survivors[identifier] = fate != "killed"
    assert {one for one, left in survivors.items() if left} == set(read(EXPLAINED))
    assert any(not left for left in survivors.values())


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_every_mistake_of_the_controller_that_nobody_notices_is_explained() -> None:
    named = ("controller/zombies", "controller/three brokers")
    options = ("--explained", MODEL / "survivors_controller.toml", "--format", "json", "--quiet")
    said = verdict("mutate", *named, *options)
    assert said.status == 0, said.err
    report = json.loads(said.out)
    assert (report["killed"], report["survived"], report["unknown"]) == (60, 7, 0)
    assert report["unexplained"] == 0
    assert report["stale"] == []
