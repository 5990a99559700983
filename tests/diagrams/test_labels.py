"""Words in diagrams, broken to fit."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from diagrams.labels import broken


def test_no_line_ends_in_the_sign_of_a_change() -> None:
    assert broken("phase: IDLE → PREPARING_REBALANCE", 16) == [
        "phase: IDLE",
        "→ PREPARING_REBALANCE",
    ]
    assert broken("request: + JoinGroupRequest(member-0)", 12) == [
        "request:",
        "+ JoinGroupRequest(member-0)",
    ]
    assert broken("net: - Ack(1), - Ack(2)", 14) == ["net: - Ack(1),", "- Ack(2)"]


def test_nothing_is_still_a_line() -> None:
    assert broken("") == [""]


@given(st.lists(st.sampled_from(["a", "bb", "member-0", "→", "+", "-", "x" * 50])), st.integers(1))
def test_words_are_kept_and_lines_fit_where_they_can(words: list[str], width: int) -> None:
    lines = broken(" ".join(words), width)
    assert " ".join(lines).split() == words
    for line in lines:
        kept_together = [word for word in line.split() if word not in "→+-"]
        assert len(line) <= width or len(kept_together) <= 1
