"""`verdict simulate`: the engines that walk, and how well they do."""

from __future__ import annotations

import json

import pytest

from checker.engines.native import compiler
from tests.verdict.running import TWO, verdict

pytestmark = pytest.mark.skipif(compiler() is None, reason="there is no C compiler")


def test_what_walks_visit_is_measured_against_what_there_is() -> None:
    said = verdict(
        "simulate", TWO, "RM=3", "--measure-coverage", "--timeout", "0.5", "-f", "json"
    )  # fmt: skip
    found = json.loads(said.out)
    assert (found["states"], found["transitions"]) == (288, 1145)
    last = found["visited"][-1]
    assert 200 < last["states"] <= 288
    assert 800 < last["transitions"] <= 1145
    text = verdict("simulate", TWO, "RM=3", "--measure-coverage", "--timeout", "0.2").out
    assert "288 states, 1,145 transitions" in " ".join(text.split())
    assert "%" in text


def test_what_cannot_be_exhausted_cannot_be_measured() -> None:
    said = verdict("simulate", TWO, "RM=3", "--measure-coverage", "--max-states", "50")
    assert said.status == 2
    assert "was not exhausted within 50 states" in said.err


def test_how_soon_what_is_false_is_found() -> None:
    words = ("simulate", TWO, "RM=3", "quorum=majority", "--repeat", "3", "--seed", "1")
    said = verdict(*words, "--hazard", "consistent", "-f", "json")
    found = json.loads(said.out)
    assert (found["identifier"], found["seeds"], len(found["walks"])) == ("consistent", 3, 3)
    assert found["median"] == sorted(found["walks"])[1]
    assert "3 of 3" in verdict(*words, "--hazard", "consistent").out
    none = verdict("simulate", f"{TWO}/three", "--repeat", "2", "--runs", "5", "-p", "consistent")
    assert "0 of 2" in none.out


@pytest.mark.parametrize("engine", ["native", "python"])
def test_either_engine_walks_and_is_named_in_what_reproduces_it(engine: str) -> None:
    words = ("simulate", TWO, "RM=3", "quorum=majority", "-p", "consistent", "-q")
    said = verdict(*words, "--engine", engine, "--seed", "3")
    assert said.status == 1
    again = said.out.partition("reproduce: verdict ")[2].split()
    assert again[again.index("--engine") + 1] == engine
    assert verdict(*again, "-q").status == 1


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("RM=3", "--engine", "all"), "walks are one engine's"),
        (("RM=-1",), "RM"),
        (("RM=3", "--repeat", "0"), "--repeat"),
        (("RM=3", "--runs", "0"), "--runs"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words: tuple[str, ...], line: str) -> None:
    said = verdict("simulate", TWO, *words)
    assert said.status == 2
    assert line in said.err
    assert len(said.err.strip().splitlines()) <= 2
