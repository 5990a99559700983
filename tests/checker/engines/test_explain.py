"""Reasons: the conjunct that is false, in the words of the source, and the values in it."""

from __future__ import annotations

import pytest

from checker import Limits, Verdict, check
from checker.engines.explain import source_name
from checker.engines.python import check_program
from checker.language.text import value_text
from checker.verdict import Silent
from examples.two_phase import Quorum, TwoPhase
from tests.checker.engines.reasons import Reasons, Resting
from tests.checker.engines.test_symbolic_outcomes import BY_HAND

EXPECTED: dict[str, tuple[str, dict[str, str]]] = {
    "comparison": ("self.n < 5", {"self.n": "5"}),
    "chained": ("0 <= self.n < 5", {"self.n": "5"}),
    "first_false_conjunct": ("self.n > 7", {"self.n": "5"}),
    "no_disjunct": ("self.n > 7 or not self.on", {"self.n": "5", "self.on": "True"}),
    "negated": ("not (self.on)", {"self.on": "True"}),
    "negated_operator": ("Node(2) not in self.marks", {"self.marks": "{node-0, node-2}"}),
    "negated_either": ("not (self.on)", {"self.on": "True"}),
    "doubly_negated": ("not (self.n != 7)", {"self.n": "5"}),
    "compared_with_false": ("not (self.on)", {"self.on": "True"}),
    "for_all": ("self.levels[m] < 4", {"m": "node-0", "self.levels[m]": "4"}),
    "for_none": (
        "not (self.levels[a] == self.levels[b] and a != b)",
        {"a": "node-0", "b": "node-1", "self.levels[a]": "4", "self.levels[b]": "4"},
    ),
    "for_some": (
        "any(self.levels[m] > 4 for m in Node)",
        {"self.levels": "{node-0: 4, node-1: 4, node-2: 4}"},
    ),
    "by_value": ("level < 4", {"key_of_level": "node-0", "level": "4"}),
    "conclusion": ("self.n == 4", {"self.n": "5"}),
    "branch": ("self.n == 4", {"self.n": "5"}),
    "counted": (
        "sum(1 for m in Node if m in self.marks) <= 1",
        {"self.marks": "{node-0, node-2}", "m, each": "[node-0, node-2]"},
    ),
    "counted_twice": (
        "len([m for m in Node if m in self.marks]) == len([m for m in Node if m < Node(1)])",
        {
            "self.marks": "{node-0, node-2}",
            "m, each": "[node-0, node-2]",
            "m, each with m < Node(1)": "[node-0]",
        },
    ),
    "counted_thrice": (  # the third is one more than there are names
        (
            "sum(1 for m in Node if m in self.marks)"
            " + sum(1 for m in self.marks - Set({Node(0)}) if m in self.marks)"
            " + sum(1 for m in self.marks - Set({Node(2)}) if m in self.marks) < 4"
        ),
        {
            "self.marks": "{node-0, node-2}",
            "m, each": "[node-0, node-2]",
            "m, each with m in self.marks": "[node-2]",
        },
    ),
    "counted_inside": (
        "any(sum(1 for m in Node if self.levels[m] > int(n) + 3) > 3 for n in Node)",
        {"self.levels": "{node-0: 4, node-1: 4, node-2: 4}"},
    ),
    "optional": ("self.owner is None", {"self.owner": "node-1"}),
    "absent": ("self.nobody is not None", {"self.nobody": "None"}),
    "element": (
        "self.queue[len(self.queue) - 1] == 1",
        {"self.queue[len(self.queue) - 1]": "7", "self.queue": "[1, 7]"},
    ),
    "helped": (
        "self.level > level",
        {"m": "node-0", "self.level": "2", "level": "4"},
    ),
    "helped_by_a_function": ("distance < 2", {"distance": "2"}),
    "helped_twice": ("n < 3", {"n": "6"}),
    "is_a": ("isinstance(self.last, Tell)", {"self.last": "Ask(sender=node-2, number=4)"}),
    "record_field": (
        "self.last == replace(Ask(Node(2), 4), number=5)",
        {"self.last": "Ask(sender=node-2, number=4)"},
    ),
    "several_lines": (
        "self.n + self.levels[Node(0)] < 9",
        {"self.n": "5", "self.levels[Node(0)]": "4"},
    ),
    "beyond_ascii": ("self.größe > 1", {"self.größe": "1"}),
    "matched": ("number > 4", {"number": "4"}),
    "differing": (
        "self.cells[m] == after.cells[m]",
        {
            "m": "node-1",
            "self.cells[m].level": "2",
            "after.cells[m].level": "3",
            "self.cells[m].open": "False",
            "after.cells[m].open": "True",
        },
    ),
    "two_states": ("after.n == self.n", {"after.n": "6", "self.n": "5"}),
}


@pytest.fixture(scope="module")
def verdict() -> Verdict:
    return check(Reasons())


def test_every_property_is_looked_at(verdict: Verdict) -> None:
    assert {f.id for f in verdict.findings} - {"well-defined"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_reason(verdict: Verdict, name: str) -> None:
    finding = verdict.finding(name)
    assert finding.result == "violated"
    assert finding.reason is not None
    text, values = EXPECTED[name]
    assert finding.reason.text == text
    assert {label: value_text(value) for label, value in finding.reason.values} == values
    assert finding.reason.problem == ""


@pytest.mark.parametrize("name", EXPECTED)
def test_the_place_is_in_the_file_and_no_name_is_made_up(verdict: Verdict, name: str) -> None:
    reason = verdict.finding(name).reason
    assert reason is not None
    assert reason.span is not None
    assert reason.span.file.endswith("reasons.py")
    shown = " ".join([reason.text, *(label for label, _ in reason.values)])
    assert "__" not in shown


def test_the_whole_state_is_in_the_trace_and_not_in_the_reason() -> None:
    reason = check(Resting()).finding("moving").reason
    assert reason is not None
    assert (reason.text, reason.values) == ("after != self", ())


def test_what_was_never_source_is_told_as_the_listing_does() -> None:
    invariant = check_program(BY_HAND, "", frozenset(), Limits(), Silent()).findings[0]
    assert invariant.reason is not None
    assert invariant.reason.text == "len(self.few) <= 2"
    assert [name for name, _ in invariant.reason.values] == ["self.few"]
    assert invariant.reason.span is None


def test_names_that_lowering_numbered_are_those_of_the_source() -> None:
    assert source_name("m__2") == "m"
    assert source_name("m__2__3") == "m"
    assert source_name("self.cells[m__2].level + n__10") == "self.cells[m].level + n"
    assert source_name("__2") == "__2"
    assert source_name("two_phase__x") == "two_phase__x"


def test_two_phase_commit_by_majority() -> None:
    finding = check(TwoPhase(RM=3, quorum=Quorum.MAJORITY)).finding("consistent")
    assert finding.reason is not None
    assert finding.reason.text == (
        "not (self.rm[a] is RMState.COMMITTED and self.rm[b] is RMState.ABORTED)"
    )
    assert [label for label, _ in finding.reason.values] == ["a", "b", "self.rm[a]", "self.rm[b]"]
