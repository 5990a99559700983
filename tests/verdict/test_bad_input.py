"""What is wrong is said in one line that names what to do, with status 2 and nothing written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.verdict.running import LIGHT, MACHINES, PLAIN, TWO, one_line, verdict


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["check", "nonsense"], "there is no machine called 'nonsense'"),
        (["check", "nowhere.py:X"], "there is no file nowhere.py"),
        (["check", f"{MACHINES}:Zo"], "has no machine called Zo; it has Zoo, Switch"),
        (["check", str(MACHINES)], "machines; name one:"),
        (["check", f"{TWO}/thre"], "did you mean three?"),
        (["check", TWO, "--config", "none"], "it has three, five, majority"),
        (["check", TWO, "RM=0"], "RM=0: the domain is at least 1"),
        (["check", TWO, "RM=-1"], "RM=-1"),
        (["check", TWO, "RM=two"], "RM=two: a whole number is wanted"),
        (["check", TWO, "RM="], "RM= has no value"),
        (["check", TWO, "RM=2", "RM=3"], "RM is given twice"),
        (["check", TWO, "RN=2"], "TwoPhase has nothing called RN to configure; it has RM, quorum"),
        (["check", TWO, "quorum=most", "RM=2"], "one of ALL, MAJORITY"),
        (["check", TWO, "quorum=ALL"], "needs a value for the domain RM"),
        (["check", LIGHT, "Ticks=-1"], "Ticks=-1: the counter is at least 0"),
        (["check", "RM=2"], "RM is given without a machine"),
        (
            ["check", TWO, "-p", "nothing", "RM=2"],
            "has no property nothing; `verdict list MACHINE` shows them",
        ),
        (["check", TWO, PLAIN, "-p", "nothing"], "has no property nothing"),
        (["check", TWO, "-p", "consistant"], "did you mean consistent?"),
        (["check", TWO, "--hazard", "no", "RM=2"], "has no property no"),
        (["check", TWO, "--max-memory", "much"], "write 512M or 2G"),
        (["check", TWO, "--max-states", "0"], "--max-states"),
        (["check", TWO, "--format", "xml"], "xml"),
        (["check", TWO, "--wrong"], "--wrong"),
        (["wrong"], "wrong"),
        (["chekc"], "No such command 'chekc'; did you mean 'check'?"),
        (["simulate", "RM=2"], "no machine is named"),
        (["list", "nonsense"], "there is no machine called 'nonsense'"),
        (["diagram", TWO, PLAIN], "one machine is drawn at a time"),
        (["diagram", PLAIN], "no field of"),
        (["diagram", TWO, "--by", "nothing"], "there is "),
        (["trace", "show", "nowhere.json"], "nowhere.json cannot be read: No such file"),
    ],
)
def test_a_request_that_means_nothing(words: list[str], wanted: str) -> None:
    assert wanted in one_line(verdict(*words))


def test_a_start_outside_its_bound(tmp_path: Path) -> None:
    machine = tmp_path / "late.py"
    machine.write_text(
        "from typing import Annotated\n"
        "from verdict import *\n"
        "class Late(Machine):\n"
        "    at: Annotated[int, Counter('Ticks')] = 3\n"
    )
    said = one_line(verdict("check", machine, "Ticks=2"))
    assert "starts as 3" in said
    assert "raise Ticks" in said


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("def", "SyntaxError"),
        ("import nothing_of_that_name", "ModuleNotFoundError"),
        ("x = 1 // 0", "broken.py:1: ZeroDivisionError"),
        ("x = 1", "has no machines; a machine is a class derived from Machine"),
    ],
)
def test_a_file_that_cannot_be_loaded(tmp_path: Path, text: str, wanted: str) -> None:
    file = tmp_path / "broken.py"
    file.write_text(text)
    assert wanted in one_line(verdict("check", file))


@pytest.mark.parametrize("place", ["missing/out.json", "."])
def test_an_output_that_cannot_be_written(tmp_path: Path, place: str) -> None:
    said = one_line(verdict("check", f"{TWO}/three", "-q", "-o", tmp_path / place))
    assert "V500" in said
    assert "name a file in a folder that exists" in said
    assert list(tmp_path.iterdir()) == []


def test_a_folder_for_traces_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    said = one_line(verdict("check", f"{TWO}/three", "-q", "--save-traces", tmp_path / "file"))
    assert "V500" in said
    assert (tmp_path / "file").read_text() == "kept"


def test_a_failure_leaves_the_output_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "out.json"
    out.write_text("kept")
    machine = tmp_path / "machine.py"
    machine.write_text(
        "from verdict import *\n"
        "class Bad(Machine):\n"
        "    on: bool = False\n"
        "    @action\n"
        "    def spin(self) -> None:\n"
        "        print(self.on)\n"
    )
    said = verdict("check", machine, "-o", out)
    assert said.status == 2
    assert f"{machine}:6:9: V100" in said.err
    assert out.read_text() == "kept"
    assert sorted(path.name for path in tmp_path.glob("*.*")) == ["machine.py", "out.json"]


# ---------------------------------------------------------------- traces


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("traces")
    assert verdict("check", f"{TWO}/majority", "-q", "--save-traces", folder).status == 0
    text = (folder / "TwoPhase-majority-consistent.itf.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def replayed(tmp_path: Path, text: str) -> str:
    file = tmp_path / "trace.itf.json"
    file.write_text(text, encoding="utf-8")
    line = one_line(verdict("trace", "replay", file))
    assert str(file) in line
    return line


@pytest.mark.parametrize("part", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_trace(tmp_path: Path, saved: dict[str, Any], part: float) -> None:
    whole = json.dumps(saved)
    assert "it may be cut short" in replayed(tmp_path, whole[: int(len(whole) * part)])


@pytest.mark.parametrize("text", ["[]", "3", "{}", '{"#meta": {}}', '{"#meta": {"format": "ITF"}}'])
def test_json_that_is_no_trace(tmp_path: Path, text: str) -> None:
    assert "V400" in replayed(tmp_path, text)


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    file = tmp_path / "trace.itf.json"
    file.write_bytes(b"\xff\xfe\x00\x01")
    assert "is no JSON" in one_line(verdict("trace", "show", file))


def test_json_nested_too_deep(tmp_path: Path) -> None:
    assert "is no JSON" in replayed(tmp_path, "[" * 200_000)


def changed(saved: dict[str, Any], path: list[Any], value: Any) -> str:
    copy = json.loads(json.dumps(saved))
    place = copy
    for key in path[:-1]:
        place = place[key]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return json.dumps(copy)


ABOUT = ["#meta", "verdict"]


@pytest.mark.parametrize(
    ("path", "value", "wanted"),
    [
        ([*ABOUT, "machine"], "nonsense", "there is no machine called 'nonsense'"),
        ([*ABOUT, "machine"], PLAIN, "of a configuration that Plain cannot have"),
        ([*ABOUT, "settings", "RM"], 2, "state 1.rm: 'rm-2' is no RM"),
        ([*ABOUT, "settings", "RM"], 4, "state 1.rm: 4 keys are wanted, not 3"),
        ([*ABOUT, "settings", "quorum"], "ALL", "a guard does not hold there"),
        ([*ABOUT, "settings", "RM"], 0, "RM=0"),
        ([*ABOUT, "settings"], ..., "does not say of which machine"),
        ([*ABOUT, "version"], 99, "version 99"),
        (["states"], [], "has no states"),
        (["states"], ..., "has no states as a trace has it"),
        (["states", 1], 7, "state 2 is no object"),
        (["states", 1, "rm"], ..., "state 2: TwoPhase has the fields rm, tm"),
        (["states", 1, "tm"], "LOST", "'LOST' is no TMState"),
        (["states", 1, "tm"], "ABORTED", "leads to another state"),
        (["states", 0, "tm"], "ABORTED", "no initial state"),
        (["states", 1, "prepared"], [], 'an object with "#set" alone'),
        (["states", 1, "mbt::actionTaken"], "fly", "has no action called 'fly'"),
        (["states", 1, "mbt::nondetPicks"], {}, "the arguments r are wanted, not none"),
        (["states", 1, "mbt::nondetPicks", "r", "value"], 3, "argument r: 3 is no RM"),
        (["states", 0, "#meta", "start"], "elsewhere", "no start called 'elsewhere'"),
        (["loop"], 99, "returns to state 100"),
    ],
)
def test_a_trace_that_is_damaged_or_of_something_else(
    tmp_path: Path, saved: dict[str, Any], path: list[Any], value: Any, wanted: str
) -> None:
    said = tmp_path / "trace.itf.json"
    said.write_text(changed(saved, path, value), encoding="utf-8")
    assert wanted in one_line(verdict("trace", "replay", said))
