"""`verdict check` and `simulate`: what they say, and the status that they end with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import checker
from tests.verdict.running import LIGHT, MACHINES, PLAIN, TWO, TWO_PHASE, ZOO, another, verdict

pytestmark = pytest.mark.timeout(120)


def test_everything_as_expected_is_0() -> None:
    said = verdict("check", TWO, "--config", "three", "-q")
    assert said.status == 0
    assert said.err == ""
    assert "288 states (1,146 generated), depth 11" in said.out
    assert "searched: every reachable state with RM=3\n" in said.out


def test_a_violation_is_1_and_told_in_order() -> None:
    said = verdict("check", TWO, "RM=3", "quorum=majority", "-q", "-p", "consistent")
    assert said.status == 1
    wanted = [
        "consistent VIOLATED: No resource manager commits while another aborts.",
        "false: not (self.rm[a] is RMState.COMMITTED and self.rm[b] is RMState.ABORTED)",
        "self.rm[b]  ABORTED",
        "the shortest way there, 7 steps:",
        "1  start",
        "rm[*]     WORKING",
        "2  rm-0  rm_prepare(r=rm-0)",
        "messages  {} → {Prepared(rm-0)}",
        "8  rm-0  rm_receive_commit(r=rm-0)",
        "rm[rm-0]  PREPARED → COMMITTED",
        "reproduce: verdict check",
    ]
    places = [said.out.index(text) for text in wanted]
    assert places == sorted(places)


def test_the_command_that_reproduces_a_violation_does() -> None:
    said = another("check", TWO, "RM=3", "quorum=majority", "-q", "-p", "consistent")
    again = said.out.partition("reproduce: verdict ")[2].split()
    assert again[0] == "check"
    assert verdict(*again, "-q") == said


def test_a_hazard_that_is_found_is_0() -> None:
    said = verdict("check", f"{TWO}/majority", "-q")
    assert said.status == 0
    assert "false, as expected" in said.out
    assert "VIOLATED" not in said.out


def test_a_hazard_that_is_not_found_is_1() -> None:
    said = verdict("check", f"{TWO}/three", "--hazard", "consistent", "-q")
    assert said.status == 1
    assert "HOLDS, though expected to be false" in said.out


def test_a_budget_that_runs_out_is_3_and_nothing_holds() -> None:
    said = verdict("check", TWO, "RM=5", "--max-states", "100", "-q", "-p", "consistent")
    assert said.status == 3
    assert "unknown" in said.out
    assert "holds" not in said.out
    assert "stopped: 100 states" in said.out


def test_a_timeout_is_3() -> None:
    said = verdict("check", TWO, "RM=8", "--timeout", "0.2", "-q")
    assert said.status == 3
    assert "stopped: 0.2 seconds" in said.out


def test_memory_is_a_budget_too() -> None:
    said = verdict("check", TWO, "RM=7", "--max-memory", "1M", "-q")
    assert said.status == 3
    assert "1,048,576 bytes of memory" in said.out


@pytest.mark.parametrize(
    ("config", "shown"), [("three", ["three"]), ("", ["three", "five", "majority"])]
)
def test_configurations_are_all_run_or_the_one_that_is_named(config: str, shown: list[str]) -> None:
    said = verdict("check", TWO, *(["--config", config] if config else []), "-q", "-j1")
    titles = [line for line in said.out.splitlines() if line.endswith(" engine)")]
    assert [title.partition(", ")[2].partition("  ")[0] for title in titles] == shown


def test_a_file_with_one_machine_needs_no_name(tmp_path: Path) -> None:
    text = MACHINES.read_text(encoding="utf-8")
    lonely = tmp_path / "lonely.py"
    lonely.write_text(text.replace("(Machine)", "(Part)").replace("Plain(Part)", "Plain(Machine)"))
    said = verdict("check", lonely, "-q")
    assert said.status == 0
    assert "lonely.py:Plain  (" in said.out


def test_a_machine_without_configurations_is_run_with_its_defaults() -> None:
    said = verdict("check", PLAIN, "-q")
    assert said.status == 0
    assert "2 states (2 generated), depth 2" in said.out


def test_every_kind_of_property_is_told() -> None:
    said = verdict("check", LIGHT, "-q")
    assert said.status == 1
    for text in (
        "LGT-1 VIOLATED: A light | never goes dark.",
        "guards against: a crossing that nobody controls",
        "gentle VIOLATED",
        "lit VIOLATED: It never rests in the dark.",
        "impossible NEVER REACHED: The light counts backwards.",
        "no reachable state satisfies it",
        "the property itself fails:",
        "the last step is none of Switch",
        "Switch before  (on=False)",
        "bound Ticks=4 was reached: 4 steps past it not explored",
        "reached",
    ):
        assert text in said.out, text


def test_a_defect_is_told_with_the_step_that_has_it() -> None:
    said = verdict("check", LIGHT, "careless=true", "-q", "-p", "well-defined")
    assert said.status == 1
    assert "next: dim(by=2)\n  4 is outside 0..3" in said.out


def test_parts_bounds_and_starts_are_told() -> None:
    said = verdict("check", ZOO, "-q")
    assert said.status == 0
    for text in (
        "1  start  opened(favourite=None)",
        "keepers.note(cell=cell-0, loud=True)",
        "keepers[cell-0].seen  [] → [Shout()]",
        "keepers[cell-0].asleep  False → True",
        "bound Meals=2 was reached: ",
    ):
        assert text in said.out, text
    assert "keepers[cell-0].seen" not in verdict("check", ZOO, "-q", "--no-traces").out


def test_an_action_that_is_never_possible_is_named() -> None:
    assert "never possible: vanish" in verdict("check", PLAIN, "-q").out


def test_several_machines_end_with_a_table_of_promises() -> None:
    said = another("check", TWO, PLAIN, "-j2", "--no-traces")
    assert said.status == 0
    table = said.out.partition(" engine)\n\n  ✓  still")[2]
    assert "holds in 2" in table
    assert "false, as expected in majority" in table
    assert said.out.rstrip().endswith("4 runs: everything as expected")


def test_workers_and_one_process_say_the_same() -> None:
    def counted(*words: str) -> list[dict[str, object]]:
        found = another("check", TWO, f"{TWO_PHASE}:TCommit", "-q", "-f", "json", *words)
        assert found.status == 0
        assert found.err == ""
        rows = [json.loads(line) for line in found.out.splitlines()]
        for row in rows:
            del row["seconds"]
        return rows

    assert counted("-j3") == counted("-j1")


SPINNING = """
from verdict import *

class Bad(Machine):
    on: bool = False

    @action
    def spin(self) -> None:
        while self.on:
            self.on = False

    configurations = (configuration("one"), configuration("two"))
"""


def test_what_is_wrong_with_one_machine_does_not_silence_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(SPINNING)
    said = verdict("check", bad, PLAIN, "-q", "-j1")
    assert said.status == 2
    assert f"{bad}:9:9: V100" in said.out
    assert "^" in said.out
    assert "2 states (2 generated)" in said.out
    assert "cannot be run:" in said.out.splitlines()[-1]


def test_what_is_wrong_with_every_run_is_said_once(tmp_path: Path) -> None:
    bad = tmp_path / "bad.py"
    bad.write_text(SPINNING)
    said = verdict("check", bad, "-q", "-j1")
    assert said.status == 2
    assert said.out == ""
    assert said.err.count("V100") == 1
    assert "write instead:" in said.err


def test_simulation_finds_what_is_broken_and_proves_nothing() -> None:
    words = ("simulate", TWO, "RM=4", "quorum=majority", "-p", "consistent", "-q", "--seed", "3")
    said = verdict(*words)
    assert said.status == 1
    assert "a way there" in said.out
    assert "seed 3" in said.out
    again = said.out.partition("reproduce: verdict ")[2].split()
    assert "--seed" in again
    assert verdict(*again, "-q").status == 1
    sound = verdict("simulate", f"{TWO}/three", "-q", "--runs", "5", "--seed", "1")
    assert sound.status == 0
    assert "holds" not in sound.out
    assert "searched: 5 random walks with RM=3; what they did not violate is unknown" in sound.out


def test_a_seed_walks_the_same_ways() -> None:
    words = ("simulate", TWO, "RM=5", "-q", "--runs", "20", "-f", "json", "--seed")

    def walked(seed: str) -> dict[str, object]:
        found: dict[str, object] = json.loads(verdict(*words, seed).out)
        del found["seconds"]
        return found

    assert walked("7") == walked("7")
    assert walked("7") != walked("8")


@pytest.mark.parametrize("width", [80, 100, 120])
def test_lines_keep_to_the_width(width: int) -> None:
    said = verdict("check", TWO, "-q", "-j1", width=width)
    long = [line for line in said.out.splitlines() if len(line) > width and "reproduce" not in line]
    assert long == []
    assert not any(line.endswith(" ") for line in said.out.splitlines())


def test_a_fault_of_the_program_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **_also: object) -> None:
        raise RuntimeError("the engine is broken")

    monkeypatch.setattr(checker, "check", broken)
    said = verdict("check", PLAIN, "-q")
    assert said.status == 2
    assert "this is a fault of verdict itself" in said.err
    assert "RuntimeError: the engine is broken" in said.err
