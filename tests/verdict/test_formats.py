"""JSON, JUnit XML and GitHub's annotations: read back as their readers would."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

from checker.errors import LanguageError, Span
from tests.verdict.running import LIGHT, MACHINES, PLAIN, TWO, another, verdict
from verdict.render_github import command, github
from verdict.render_junit import junit
from verdict.run import Order, Outcome, Run, exit_status

LOST = Outcome(Run(PLAIN, "", {}, frozenset()), lost="its process was ended by SIGKILL")
BAD = Outcome(Run(PLAIN, "", {}, frozenset()), error=LanguageError("no, & never"))


def objects(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_json_is_one_object_a_run() -> None:
    said = verdict("check", TWO, PLAIN, "-q", "-f", "json", "-j1", "--engine", "python")
    found = objects(said.out)
    assert said.status == 0
    assert [each["configuration"] for each in found] == ["three", "five", "majority", ""]
    first = found[0]
    assert first["machine"] == TWO
    assert first["class"] == "TwoPhase"
    assert first["engine"] == "python"
    assert (first["distinct"], first["generated"], first["depth"]) == (288, 1146, 11)
    assert first["settings"] == {"RM": 3, "quorum": "ALL"}
    assert first["complete"] is True
    assert first["exit_status"] == 0
    assert sum(each["fresh"] for each in first["coverage"]) == 287


def test_json_of_a_violation_has_the_trace_and_the_reason() -> None:
    said = verdict("check", TWO, "RM=3", "quorum=MAJORITY", "-q", "-f", "json")
    assert said.status == 1
    (found,) = objects(said.out)
    properties = {each["id"]: each for each in found["properties"]}
    broken = properties["consistent"]
    assert (broken["result"], broken["expected"], broken["as_expected"]) == (
        "violated", "holds", False,
    )  # fmt: skip
    assert broken["reason"]["values"]["self.rm[b]"] == "ABORTED"
    assert broken["reason"]["file"] == "examples/two_phase.py"
    assert len(broken["trace"]["states"]) == 8
    assert broken["trace"]["states"][-1]["mbt::actionTaken"] == "rm_receive_commit"
    assert "--property consistent" in broken["reproduce"]
    assert properties["as_commit"]["reason"]["problem"].startswith("the last step is none of")
    assert "trace" not in properties["well-defined"]


def test_json_of_what_is_undecided_never_says_holds() -> None:
    said = verdict("check", TWO, "RM=5", "-q", "-f", "json", "--max-states", "50")
    (found,) = objects(said.out)
    assert said.status == 3
    assert found["complete"] is False
    assert found["stopped"] == "50 states"
    assert found["walks"] is None
    assert {each["result"] for each in found["properties"]} == {"unknown"}


def test_json_goes_to_a_file_whole(tmp_path: Path) -> None:
    out = tmp_path / "verdict.json"
    out.write_text("old")
    said = verdict("check", PLAIN, "-q", "-f", "json", "-o", out)
    assert (said.status, said.out, said.err) == (0, "", "")
    assert objects(out.read_text(encoding="utf-8"))[0]["distinct"] == 2
    assert list(tmp_path.iterdir()) == [out]


def test_text_in_a_file_has_no_colours(tmp_path: Path) -> None:
    out = tmp_path / "verdict.txt"
    assert another("check", PLAIN, "-q", "-o", out, FORCE_COLOR="1").status == 0
    text = out.read_text(encoding="utf-8")
    assert "\x1b" not in text
    assert "2 states (2 generated)" in text


# ---------------------------------------------------------------- JUnit


def suites(text: str) -> ET.Element:
    found = ET.fromstring(text)  # noqa: S314 - our own
    assert found.tag == "testsuites"
    for total in ("tests", "failures", "errors"):
        parts = [int(suite.get(total, "")) for suite in found]
        assert int(found.get(total, "")) == sum(parts)
    for suite in found:
        assert int(suite.get("tests", "")) == len(suite.findall("testcase"))
        assert all(case.get("classname") and case.get("name") for case in suite.iter("testcase"))
        float(suite.get("time", "0"))
    return found


def test_junit_has_a_test_case_a_property() -> None:
    said = verdict("check", LIGHT, PLAIN, "-q", "-f", "junit", "-j1")
    assert said.status == 1
    found = suites(said.out)
    assert [int(suite.get("failures", "")) for suite in found] == [6, 0]
    failed = {
        case.get("name", "").partition(":")[0]: case.findtext("failure") or ""
        for case in found.iter("testcase")
        if case.find("failure") is not None
    }
    assert set(failed) == {"LGT-1", "gentle", "lit", "impossible", "readable", "as_switch"}
    assert failed["LGT-1"].startswith("LGT-1 VIOLATED: A light | never goes dark.\n")
    assert "storm  fail()" in failed["LGT-1"]
    assert "reproduce: verdict check" in failed["LGT-1"]
    assert "24 states (51 generated)" in failed["LGT-1"]


def test_junit_shows_a_hazard_as_passed_and_the_undecided_as_an_error() -> None:
    hazards = suites(verdict("check", f"{TWO}/majority", "-q", "-f", "junit").out)
    assert hazards.get("failures") == "0"
    told = [case.findtext("system-out") for case in hazards.iter("testcase")]
    assert sum("false, as expected" in text for text in told if text) == 3
    known = {each.get("name"): each.get("value") for each in hazards.iter("property")}
    assert known.items() >= {"RM": "3", "quorum": "MAJORITY", "distinct": "348"}.items()
    said = verdict("check", TWO, "RM=5", "-q", "-f", "junit", "--max-states", "50")
    undecided = suites(said.out)
    assert undecided.get("errors") == "6"
    assert undecided.find("testsuite/testcase/error").get("message") == "unknown: 50 states"  # type: ignore[union-attr]


def test_junit_shows_what_walks_did_not_violate_as_passed() -> None:
    walks = suites(verdict("simulate", f"{TWO}/three", "-q", "--runs", "3", "-f", "junit").out)
    assert (walks.get("failures"), walks.get("errors")) == ("0", "0")
    told = [case.findtext("system-out") or "" for case in walks.iter("testcase")]
    assert any(
        text.startswith("3 random walks with RM=3; what they did not violate is unknown; ")
        for text in told
    )


def test_junit_carries_what_xml_cannot() -> None:
    odd = Outcome(LOST.run, lost="\x00\x1b[31m<&>\ud800 ünd")
    found = suites(junit([odd, BAD], Order()))
    assert found.get("errors") == "2"
    messages = [error.get("message", "") for error in found.iter("error")]
    assert messages[0] == "\ufffd\ufffd[31m<&>\ufffd ünd"
    assert "no, & never" in messages[1]


# ---------------------------------------------------------------- GitHub

COMMAND = re.compile(r"::(?P<kind>error|warning|notice) (?P<properties>[^:]*)::(?P<message>.*)")
ESCAPE = re.compile("%(3A|2C|0D|0A|25)")


def unescaped(code: re.Match[str]) -> str:
    return chr(int(code[1], 16))


def read_annotations(text: str) -> list[dict[str, str]]:
    """Workflow commands as a runner reads them: one a line, then unescaped."""
    found = []
    for line in text.splitlines():
        match = COMMAND.fullmatch(line)
        assert match is not None, line
        properties = dict(part.split("=", 1) for part in match["properties"].split(","))
        row = {"kind": match["kind"], "message": match["message"], **properties}
        found.append({key: ESCAPE.sub(unescaped, value) for key, value in row.items()})
    return found


def test_an_annotation_stands_where_the_property_does() -> None:
    said = verdict("check", LIGHT, "-q", "-f", "github")
    assert said.status == 1
    found = read_annotations(said.out)
    assert [row["kind"] for row in found] == ["error"] * 6 + ["notice"]
    first = found[0]
    assert first["file"] == "tests/verdict/machines.py"
    line = MACHINES.read_text(encoding="utf-8").splitlines()[int(first["line"]) - 1]
    assert "self.phase is not Phase.DARK" in line
    assert first["title"] == f"LGT-1 VIOLATED in {LIGHT}"
    assert "\n     1  start\n" in first["message"]


def test_what_is_undecided_is_a_warning() -> None:
    said = verdict("check", TWO, "RM=5", "-q", "-f", "github", "--max-states", "50")
    found = read_annotations(said.out)
    assert {row["kind"] for row in found[:-1]} == {"warning"}
    assert found[-1]["message"] == f"1 run: not decided: {TWO} RM=5"


def test_of_walks_there_are_no_warnings() -> None:
    said = verdict("simulate", f"{TWO}/three", f"{TWO}/five", "-q", "--runs", "3", "-f", "github")
    (notice,) = read_annotations(said.out)
    assert notice["message"] == "2 runs: nothing unexpected, though walks prove nothing"


def test_annotations_escape_what_would_end_them() -> None:
    said = command("error", "50% of a\r\nb: c, d::e", file="a,b:c%.py", line="", title="x::y")
    (found,) = read_annotations(said)
    assert found == {
        "kind": "error",
        "message": "50% of a\r\nb: c, d::e",
        "file": "a,b:c%.py",
        "title": "x::y",
    }
    assert said.count("\n") == 0


def test_annotations_of_what_could_not_be_run() -> None:
    place = Span(str(MACHINES), 7, 0, 4, "from __future__")
    wrong = Outcome(BAD.run, error=LanguageError("no", span=place))
    found = read_annotations(github([LOST, BAD, wrong], Order()))
    assert [row["kind"] for row in found] == ["warning", "error", "error", "notice"]
    assert (found[2]["file"], found[2]["line"]) == ("tests/verdict/machines.py", "7")
    assert "SIGKILL" in found[0]["message"]


def test_the_worst_status_is_the_whole_one() -> None:
    fine = verdict("check", PLAIN, "-q", "-f", "json")
    assert fine.status == 0
    assert exit_status([]) == 0
    assert exit_status([LOST]) == 3
    assert exit_status([LOST, BAD]) == 2
