"""Mermaid's names and text: whatever is drawn stays within its grammar."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagrams import sequence, state_diagram
from diagrams.mermaid import KEYWORDS, identifiers, label, quoted, text
from examples.two_phase import TwoPhase
from tests.diagrams.machines import House
from tests.diagrams.test_sequence import GREETING

NAME = r"[A-Za-z][A-Za-z0-9_]*"
STATE_LINE = re.compile(
    rf"""\ {{4}}(?:
        {NAME}
      | state\ "[^"\\]*"\ as\ {NAME}
      | {NAME}:\ [^:;\#<>]+(?:\#\w+;[^:;\#<>]*)*
      | (?:{NAME}|\[\*\])\ -->\ (?:{NAME}|\[\*\])(?::\ (?:[^:;\#<>]|\#\w+;|<br/>)+)?
      | classDef\ {NAME}\ stroke-dasharray:\ 5\ 4
      | class\ {NAME}(?:,{NAME})*\ {NAME}
    )""",
    re.VERBOSE,
)
SEQUENCE_LINE = re.compile(
    rf"""\ {{4}}(?:
        participant\ {NAME}(?:\ as\ [^;\#<>]+)?
      | {NAME}->>{NAME}:\ (?:[^;\#<>]|\#\w+;)+
      | Note\ over\ {NAME}(?:,{NAME})?:\ (?:[^;\#<>]|\#\w+;|<br/>)+
    )""",
    re.VERBOSE,
)


@pytest.mark.parametrize("by", ["fixtures[*].lamp", "plan", "queue", "porch", "sky", "mood"])
def test_state_diagrams_are_in_the_grammar(by: str) -> None:
    lines = state_diagram(House(Room=2), by, loops=True, counts=True).mermaid.splitlines()
    assert lines[0] == lines[6] == "---"
    assert re.fullmatch(r'title: "[^"\\]+"', lines[1])
    assert lines[7] == "stateDiagram-v2"
    assert [line for line in lines[8:] if not STATE_LINE.fullmatch(line)] == []


def test_sequence_diagrams_are_in_the_grammar() -> None:
    lines = sequence(GREETING).mermaid.splitlines()
    assert [line for line in lines[4:] if not SEQUENCE_LINE.fullmatch(line)] == []


@given(st.lists(st.text(max_size=12), max_size=8))
def test_names_are_names_and_all_different(labels: list[str]) -> None:
    names = identifiers(labels)
    assert len(names) == len(labels) == len(set(names))
    assert all(re.fullmatch(NAME, name) for name in names)
    assert not {name.lower() for name in names} & KEYWORDS


@given(st.text())
def test_text_stays_on_its_line_and_within_its_statement(words: str) -> None:
    for written in (text(words), label(words)):
        assert len(written.splitlines()) <= 1
        assert re.fullmatch(r"(?:[^;#<>]|#\w+;)*", written)
    assert ":" not in label(words)
    assert re.fullmatch(r'"[^"\\\n]*"', quoted(words))


def test_a_label_that_is_a_name_is_kept() -> None:
    assert identifiers(["STABLE", "end", "End", "1", "", "a b", "a-b", "a_b"]) == [
        "STABLE", "v_end", "v_End", "v_1", "empty", "a_b", "a_b_2", "a_b_3",
    ]  # fmt: skip


def test_the_words_of_two_phase_need_no_codes() -> None:
    assert "#" not in state_diagram(TwoPhase(RM=2), "rm[*]", loops=True).mermaid
