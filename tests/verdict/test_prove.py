"""`verdict prove`: what it prints, its status, and what it refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.verdict.running import ROOT, TWO, another, one_line, verdict

PROVED = ROOT / "tests" / "checker" / "engines" / "proved.py"
TICKETS = f"{PROVED}:Tickets"


def test_what_is_proved_is_told_with_its_assumptions() -> None:
    said = verdict("prove", TICKETS, "Worker=2", "Ticket=2")
    assert said.status == 0
    assert said.err == ""
    assert "✓ one_at_a_time  It is one worker's turn at most." in said.out
    assert "proved by induction" in said.out
    assert "rests on drawn_before" in said.out
    assert "Ticket: without bounds; what holds, holds for any number of them" in said.out
    assert "Worker=2: as they are here; of other numbers nothing is said" in said.out
    assert "the design: counting=True orderly=True" in said.out


def test_what_is_violated_is_shown_as_a_run() -> None:
    said = verdict("prove", TICKETS, "Worker=2", "Ticket=2", "counting=False")
    assert said.status == 1
    assert "✗ one_at_a_time" in said.out
    assert "one_at_a_time is violated, by a shortest run, of 2 steps:" in said.out
    assert "draw(w=worker-1)" in said.out


def test_what_induction_fails_at_is_shown_as_a_step() -> None:
    said = verdict("prove", TWO, "RM=3", "-p", "consistent", "--steps", "2")
    assert said.status == 3
    assert "no run of 2 steps breaks it, and induction does not show it" in said.out
    assert "in this state (all else is as at the start)," in said.out
    assert "COMMITTED" in said.out
    assert "the step rm_" in said.out
    assert "if none does, a lemma has to" in said.out


def test_spacer_may_find_what_is_missing() -> None:
    said = verdict("prove", TWO, "RM=2", "--pdr", "--timeout", "60")
    assert said.status == 0
    assert "an invariant that Spacer found" in said.out


def test_json_has_all_of_it() -> None:
    said = verdict("prove", TICKETS, "Worker=2", "Ticket=2", "--format", "json")
    found = json.loads(said.out)
    assert said.status == found["exit_status"] == 0
    assert found["machine"] == TICKETS
    assert found["engine"] == "z3"
    assert found["free"] == ["Ticket"]
    assert found["assumptions"][0].startswith("Ticket: without bounds")
    by_id = {proof["id"]: proof for proof in found["properties"]}
    assert by_id["well_numbered"]["result"] == "holds"
    assert by_id["well_numbered"]["lemmas"] == ["drawn_before"]
    assert {lemma["result"] for lemma in found["lemmas"]} == {"holds"}


def test_json_of_what_fails_has_the_run_and_the_step(tmp_path: Path) -> None:
    file = tmp_path / "proofs.json"
    said = verdict("prove", TICKETS, "Worker=2", "Ticket=2", "counting=False", "--steps", "1",
                   "-f", "json", "-o", file)  # fmt: skip
    assert (said.status, said.out) == (1, "")
    found = json.loads(file.read_text(encoding="utf-8"))
    by_id = {proof["id"]: proof for proof in (*found["properties"], *found["lemmas"])}
    assert by_id["drawn_before"]["trace"]["#meta"]["format"] == "ITF"
    said = verdict("prove", TWO, "RM=2", "-p", "consistent", "--steps", "1", "-f", "json")
    [proof] = json.loads(said.out)["properties"]
    assert proof["result"] == "unknown"
    assert proof["failure"]["action"].startswith("rm_")
    assert proof["failure"]["before"]
    assert proof["failure"]["after"]


def test_a_budget_that_runs_out_is_told() -> None:
    said = verdict("prove", TWO, "RM=5", "--timeout", "0.001")
    assert said.status == 3
    assert "the time is up" in said.out
    assert "✓" not in said.out
    said = verdict("prove", TWO, "RM=5", "--max-memory", "1k")
    assert said.status == 3
    assert "the memory is taken" in said.out
    assert "✓" not in said.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["Worker=2"], "name the machine first"),
        ([], "Missing argument"),
        ([f"{PROVED}:Still", "Number=2"], "Still has no actions"),
        ([TICKETS, "Worker=2", "Ticket=2", "--steps", "0"], "0"),
        ([TICKETS, "Worker=2", "Ticket=2", "--induction", "0"], "0"),
        ([TICKETS, "Worker=2", "Ticket=2", "-p", "all_served"], "what happens in the end"),
        ([TICKETS, "Worker=2", "Ticket=2", "-p", "nothing"], "no property nothing"),
        ([TICKETS, "Worker=2", "Ticket=2", "--bounded", "Epoch"], "no counter Epoch"),
        ([f"{PROVED}:Counted", "Number=2"], "how many elements a set has"),
        ([TICKETS, "Worker=2", "Ticket=2", "-f", "junit"], "text or json, not junit"),
    ],
)
def test_bad_input_is_told_in_one_line(words: list[str], told: str) -> None:
    if words == ["Worker=2"]:
        told = "no machine is named"
    assert told in one_line(verdict("prove", *words))


def test_without_z3_one_line_says_what_to_install() -> None:
    script = "import sys; sys.modules['z3'] = None; from verdict.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", script, "prove", TICKETS, "Worker=2", "Ticket=2"],
        capture_output=True, text=True, check=False, timeout=100, cwd=ROOT,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    assert "pip install 'verdict-kafka[z3]'" in done.stderr


def test_the_command_is_there_for_everyone() -> None:
    said = another("prove", "--help")
    assert said.status == 0
    assert "--induction" in said.out
