"""The mistakes in the steps of the log's machines that no property notices: each is explained.

Every mutant of each machine is judged, which takes minutes: a slow test.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.verdict.running import verdict
from verdict.registry import registered

MODEL = Path(__file__).parents[2] / "model"


BOUNDS = {
    "log": ["LogSize=2"],
    "compaction": [],
    "routing": ["Sent=2"],
}
"""In which machine's named configurations, with which bounds that are smaller."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("machine", BOUNDS)
def test_every_survivor_is_explained(machine: str) -> None:
    named = [f"{machine}/{one.name}" for one in registered(machine).configurations]
    file = MODEL / f"survivors_{machine}.toml"
    options = ("--explained", file, "--format", "json", "--quiet")
    said = verdict("mutate", *named, *BOUNDS[machine], *options)
    assert said.status == 0, said.err
    report = json.loads(said.out)
    survivors = [one for one in report["judgements"] if one["fate"] == "survived"]
    assert [one["mutant"] for one in survivors if not one["explained"]] == []
    assert report["stale"] == []
    assert report["killed"] > len(survivors)
