"""Runs for ever: how they are told, saved, read again, replayed and drawn."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from checker import check
from diagrams import sequence
from tests.verdict.for_ever import Lift
from tests.verdict.running import verdict

LIFT = f"{Path(__file__).parent / 'for_ever.py'}:Lift"

ROUND = """
  a fair run, 1 step and then 2 steps again and again:
     1  start
         floor  0
         stuck  False
     2  motor  rise()
         floor  0 → 1
         and from here on, again and again:
     3  motor  rise()
         floor  1 → 2
     4  motor  sink()
         floor  2 → 1
         and again from state 2, for ever
"""

STILL = """
  a fair run, 3 steps and then none any more:
     1  start
         floor  0
         stuck  False
     2  motor  rise()
         floor  0 → 1
     3  motor  rise()
         floor  1 → 2
     4  motor  get_stuck()
         stuck  False → True
         and nothing more: fairness forces no step
"""


def said(*words: str) -> str:
    found = verdict("check", LIFT, "--engine", "python", *words)
    assert found.status == 1
    return found.out


def test_a_run_that_goes_round_is_told_as_one() -> None:
    text = said("--property", "comes_up")
    assert ROUND in text
    assert "false in every state from 2 on, for ever" in text


def test_a_run_that_stands_still_is_told_as_one() -> None:
    text = said("stopping=true", "--property", "comes_up")
    assert "false: self.floor == 3" in text
    assert STILL in text


def test_what_is_forced_holds() -> None:
    assert verdict("check", LIFT, "--engine", "python", "--property", "leaves").status == 0


@pytest.mark.parametrize("stopping", ["true", "false"])
def test_a_saved_run_for_ever_is_a_run_again(stopping: str, tmp_path: Path) -> None:
    said(f"stopping={stopping}", "--save-traces", str(tmp_path), "-q")
    files = sorted(tmp_path.glob("*.itf.json"))
    assert len(files) == 3
    for file in files:
        assert verdict("trace", "replay", file).status == 0
    data = {file: json.loads(file.read_text()) for file in files}
    assert sum("loop" in one for one in data.values()) == 2
    (up,) = (file for file in files if "comes_up" in file.name)
    states = data[up]["states"]
    loop = data[up]["loop"]
    assert {**states[loop], "floor": 0}.keys() == states[-1].keys()
    assert states[loop]["floor"] == states[-1]["floor"]
    data[up]["loop"] = 0
    up.write_text(json.dumps(data[up]))
    refused = verdict("trace", "replay", up)
    assert refused.status == 2
    assert "its last state is not state 1, to which it is said to return" in refused.err


def test_a_run_for_ever_is_a_test_that_runs(tmp_path: Path) -> None:
    said("stopping=true", "--save-traces", str(tmp_path), "-q")
    tests = sorted(tmp_path.glob("test_*.py"))
    assert len(tests) == 3
    line = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *map(str, tests)]
    run = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert run.returncode == 0, run.stdout
    (up,) = (test for test in tests if "comes_up" in test.name)
    text = up.read_text()
    assert 'assert never("comes_up", run, 3)' in text
    up.write_text(text.replace("run, 3", "run, 2"))
    run = subprocess.run(line, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert "1 failed" in run.stdout


def test_a_run_for_ever_is_drawn_as_one() -> None:
    going = check(Lift(), engine="python").finding("comes_up").trace
    still = check(Lift(stopping=True), engine="python").finding("comes_up").trace
    assert going is not None
    assert still is not None
    assert sequence(going).text.splitlines()[-1].endswith("and again from 2, for ever")
    assert sequence(still).text.splitlines()[-1].endswith("and nothing more, for ever")
    assert sequence(still).mermaid.splitlines()[-1].endswith("and nothing more, for ever")


def test_the_example_of_the_manual_holds_and_needs_its_strong_fairness(tmp_path: Path) -> None:
    manual = (Path(__file__).parents[2] / "docs" / "language.md").read_text(encoding="utf-8")
    found = re.search(r"## What happens eventually\n\n```python\n(.*?)```", manual, re.DOTALL)
    assert found is not None
    for fairness, status in (("strong", 0), ("weak", 1)):
        file = tmp_path / f"{fairness}.py"
        code = found[1].replace('"strong"', f'"{fairness}"')
        file.write_text(f"from verdict import *\n{code}", encoding="utf-8")
        said = verdict("check", f"{file}:Workshop", "Worker=2", "--engine", "python")
        assert said.status == status, said.out
