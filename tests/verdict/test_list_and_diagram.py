"""`verdict list` and `verdict diagram`, and the version."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.verdict.running import LIGHT, MACHINES, PLAIN, TWO, TWO_PHASE, ZOO, another, verdict
from verdict import registry

TABLE: Mapping[str, str] = {"two-phase": "two_phase:TwoPhase", "commit": "two_phase:TCommit"}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two machines of the examples, under names of their own."""
    monkeypatch.syspath_prepend(str(TWO_PHASE.parent))
    monkeypatch.setattr(registry, "MACHINES", TABLE)


@pytest.mark.usefixtures("registered")
def test_a_list_of_all_machines() -> None:
    said = verdict("list")
    assert said.status == 0
    assert re.search(r"^two-phase  Two-phase commit: a transaction manager", said.out, re.MULTILINE)
    assert "three; five; majority" in said.out
    assert "as_commit, consistent, lasting" in said.out
    assert "3 actions, 4 properties" in said.out


@pytest.mark.usefixtures("registered")
def test_a_name_is_enough() -> None:
    said = verdict("check", "two-phase/three", "-q")
    assert said.status == 0
    assert "two-phase, three  (" in said.out
    assert "did you mean two-phase?" in verdict("check", "two-phases").err
    assert "known are two-phase, commit" in verdict("check", "raft").err


@pytest.mark.usefixtures("registered")
def test_without_a_machine_all_are_checked() -> None:
    said = verdict("check", "-q", "-j1")
    assert said.status == 0
    lines = said.out.splitlines()
    assert lines[0].startswith("✓ two-phase/three")
    assert "288 states  depth  11" in lines[0]
    assert lines[1] == "    RM=3"
    assert "    RM=3 quorum=MAJORITY" in lines
    assert lines[4].endswith("3 false, as expected")
    assert [line.split()[1] for line in lines[:10:2]] == [
        "two-phase/three", "two-phase/five", "two-phase/majority", "commit/three", "commit/five",
    ]  # fmt: skip
    assert "✗  consistent        No resource manager" in said.out
    assert "false, as expected in majority (8" in said.out
    assert lines[-2] == "for a trace: verdict check two-phase/majority --property as_commit"
    assert lines[-1] == "5 runs: everything as expected"
    assert "1  start" not in said.out
    assert "1  start" in verdict("check", "-q", "-j1", "--traces").out


@pytest.mark.usefixtures("registered")
def test_properties_choose_among_all_machines() -> None:
    said = verdict("check", "-q", "-j1", "-p", "decided", "-f", "json")
    assert [json.loads(line)["machine"] for line in said.out.splitlines()] == ["commit", "commit"]


def test_one_machine_in_full() -> None:
    said = verdict("list", LIGHT)
    for text in (
        "Light  A light that can break in as many ways as a property can.",
        "Ticks     counter  4 unless given",
        "careless  variant  one of False, True; False unless given",
        "fail  action  A storm comes.",
        "LGT-1       invariant  A light | never goes dark.",
        "as_switch   refines    Green is on, red is off.",
    ):
        assert text in said.out
    zoo = verdict("list", ZOO).out
    assert "Cell   domain    A cell of the zoo; must be given" in zoo
    assert "opened  initial  The zoo opens" in zoo
    assert "Cell=1 Meals=2 Diary=1" in zoo
    assert "As small as can be; hazards: modest, quiet" in zoo


def test_all_machines_of_a_file() -> None:
    said = verdict("list", MACHINES)
    names = re.findall(r"^\S+:(\w+)  ", said.out, re.MULTILINE)
    assert names == ["Zoo", "Switch", "Light", "Plain"]


def test_a_list_for_programs() -> None:
    said = verdict("list", TWO, LIGHT, "-f", "json")
    first, second = (json.loads(line) for line in said.out.splitlines())
    assert first["configurations"][2] == {
        "name": "majority",
        "about": "A majority decides, as in consensus: not enough for atomic commit.",
        "settings": {"RM": 3, "quorum": "MAJORITY"},
        "hazards": ["as_commit", "consistent", "lasting"],
    }
    assert second["settings"][1] == {
        "name": "careless", "kind": "variant", "values": ["False", "True"], "default": False,
    }  # fmt: skip
    assert second["properties"][0]["source"] == "the law"
    refused = verdict("list", TWO, "-f", "junit")
    assert refused.status == 2
    assert "a list is text or json" in refused.err


def test_a_listing_of_the_ir() -> None:
    said = verdict("list", TWO, "--ir", "RM=2")
    assert said.status == 0
    assert said.out.startswith("machine TwoPhase  with RM=2 quorum=ALL\n")
    assert "    self.rm[r] = PREPARED\n" in said.out
    named = verdict("list", f"{TWO}/majority", "--ir").out
    assert named.startswith("machine TwoPhase  with RM=3 quorum=MAJORITY\n")
    assert verdict("list", TWO, "--ir").out.count("machine ") == 1


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["--by", "rm[*]"], "digraph TwoPhase {"),
        (["--by", "rm[*]", "-f", "mermaid"], "WORKING --> PREPARED: rm_prepare"),
        (["-f", "text"], "WORKING  ("),
        (["--by", "tm", "-f", "text", "--counts"], "→ COMMITTED: tm_commit ("),
        (["--by", "tm", "-f", "text", "--loops"], "stays: rm_abort, rm_prepare"),
        (["--by", "tm", "-f", "text", "--max-states", "9"], "partial"),
    ],
)
def test_a_diagram(words: list[str], wanted: str) -> None:
    said = verdict("diagram", f"{TWO}/three", *words)
    assert said.status == 0
    assert wanted in said.out
    assert said.out.endswith("\n")


def test_a_diagram_names_the_messages_that_are_taken() -> None:
    words = ("diagram", "group/smallest", "--by", "coordinators[*].state", "-f", "mermaid")
    assert "EMPTY --> PREPARING_REBALANCE: arrive\n" in verdict(*words).out
    told = verdict(*words, "--messages").out
    assert "EMPTY --> PREPARING_REBALANCE: arrive(JoinGroupRequest)\n" in told


def test_the_first_enum_is_drawn_unless_a_field_is_named() -> None:
    said = verdict("diagram", TWO)
    assert said.err == "verdict: --by rm[*]\n"


@pytest.mark.parametrize("ending", ["dot", "mmd", "txt"])
def test_the_name_of_the_file_says_how_it_is_drawn(tmp_path: Path, ending: str) -> None:
    out = tmp_path / f"drawn.{ending}"
    assert verdict("diagram", TWO, "--by", "tm", "-o", out).status == 0
    first = {"dot": "digraph", "mmd": "---", "txt": "TwoPhase by tm"}
    assert out.read_text(encoding="utf-8").startswith(first[ending])


def test_drawings_are_drawn_where_graphviz_is(tmp_path: Path) -> None:
    from diagrams import drawer

    if drawer() is None:
        pytest.skip("no Graphviz here")
    assert "<svg" in verdict("diagram", TWO, "--by", "tm", "-f", "svg").out
    out = tmp_path / "drawn.png"
    assert verdict("diagram", TWO, "--by", "tm", "-o", out).status == 0
    assert out.read_bytes().startswith(b"\x89PNG")


def test_versions_and_help() -> None:
    assert re.fullmatch(r"verdict \d+\.\d+\S*\n", verdict("--version").out)
    assert verdict("--version").status == 0
    for words in (["--help"], ["check", "--help"], ["trace", "--help"]):
        said = another(*words)
        assert (said.status, said.err) == (0, "")
        assert said.out.startswith(f"Usage: verdict {' '.join(words[:-1])}")
    assert "rm[*], rm[rm-0]." in verdict("diagram", "--help").out


@pytest.mark.parametrize("words", [[], ["trace"]])
def test_no_command_is_no_request(words: list[str]) -> None:
    said = verdict(*words)
    assert (said.status, said.err) == (2, "")
    assert said.out == verdict(*words, "--help").out


def test_a_machine_of_a_package_is_imported_as_part_of_it(tmp_path: Path) -> None:
    package = tmp_path / "town"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "names.py").write_text("WORD = 'a town'\n")
    source = MACHINES.read_text(encoding="utf-8")
    (package / "square.py").write_text(source + "\n\nfrom .names import WORD\n", encoding="utf-8")
    said = verdict("check", f"{package / 'square.py'}:Plain", "-q")
    assert said.status == 0, said


def test_a_file_may_be_called_like_a_module_of_the_library(tmp_path: Path) -> None:
    file = tmp_path / "queue.py"
    file.write_text(MACHINES.read_text(encoding="utf-8"), encoding="utf-8")
    for _ in range(2):
        assert verdict("check", f"{file}:Plain", "-q").status == 0
    assert another("check", f"{file}:Plain", f"{PLAIN}", "-q", "-j2").status == 0
