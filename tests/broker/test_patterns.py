"""Expressions match what Python's `re` says they do, and in time."""

from __future__ import annotations

import contextlib
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.patterns import LEGAL, Invalid, compiled, matches, matches_any

NAMES = st.text(alphabet="ab1._-", max_size=6)
ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "1",
        ".",
        r"\.",
        r"\d",
        r"\w",
        r"\W",
        r"\S",
        "[ab]",
        "[^a]",
        "[a-z]",
        "[1_.-]",
        "[]a]",
    ]
)
REPETITIONS = st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"])
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(inner, inner).map("|".join),
        inner.map("({})".format),
        st.tuples(
            inner.map("(?:{})".format),
            st.sampled_from(["*", "+", "?", "{2}", "{1,}", "{0,2}", "*?"]),
        ).map("".join),
    ),
    max_leaves=8,
)


@given(EXPRESSIONS, NAMES, st.sampled_from(["", "^"]), st.sampled_from(["", "$"]))
def test_it_matches_what_python_says(expression: str, name: str, start: str, end: str) -> None:
    whole = f"{start}(?:{expression}){end}"
    assert matches(whole, name) == bool(re.fullmatch(whole, name))


@given(st.text(alphabet=r"ab(){}[]|*+?^$\.,1-", max_size=12), NAMES)
def test_any_text_is_an_expression_or_invalid(text: str, name: str) -> None:
    with contextlib.suppress(Invalid):
        matches(text, name)


def test_what_python_would_never_finish() -> None:
    begun = time.monotonic()
    assert not matches(r"(a*)*b", "a" * 249)
    assert not matches(r"(a|a)*b" * 20, "a" * 249)
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize(
    "expression",
    [
        *(
            "(",
            ")",
            "*a",
            "a**",
            "[a",
            "[b-a]",
            "a{",
            "a{x}",
            "a{2,1}",
            "a{1001}",
            "(?i)a",
            "(?=a)",
        ),
        *(r"\b", r"\p{L}", "[[:alpha:]]", "\\", "(a{100}){100}", "(" * 60 + "a" + ")" * 60),
    ],
)
def test_what_is_no_expression_here(expression: str) -> None:
    with pytest.raises(Invalid):
        compiled(expression)


def test_anchors_are_places() -> None:
    assert matches("^a|b$", "a")
    assert not matches("a^b", "ab")
    assert not matches("a$b", "ab")
    assert matches("", "")
    assert not matches("", "a")


def test_a_dot_is_any_character_of_a_name() -> None:
    assert all(matches(".", char) for char in LEGAL)
    assert not matches(".", "/")


@given(EXPRESSIONS, st.text(alphabet="ab1/: \u00e9", max_size=6))
def test_names_may_have_any_character(expression: str, name: str) -> None:
    assert matches_any(expression, name) == bool(re.fullmatch(expression, name, re.ASCII))
