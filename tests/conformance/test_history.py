"""The history checker: each anomaly and its near miss, what is right, and what is planted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from checker.errors import TraceError
from conformance.history import (
    KINDS,
    Commit,
    Committed,
    End,
    Open,
    Operation,
    Poll,
    Polled,
    Send,
    check,
)
from conformance.history.anomalies import ALLOWED
from conformance.history.facts import Fate, facts
from conformance.history.operations import Offset, line, parse
from tests.conformance.histories import CASES, Case, poll, sends
from tests.conformance.simulated import histories

NONE: frozenset[str] = frozenset()


def names(cases: list[Case]) -> list[str]:
    return [f"{case.kind}-{n}" for n, case in enumerate(cases)]


def test_every_kind_has_a_history_that_shows_it() -> None:
    assert {case.kind for case in CASES} == set(KINDS)


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_each_anomaly_is_found_alone_and_by_its_lines(case: Case) -> None:
    found = check(case.shown, allow=NONE).broken
    mine = [anomaly for anomaly in found if anomaly.kind == case.kind]
    assert [anomaly.lines for anomaly in mine] == [case.lines]
    assert {anomaly.kind for anomaly in found} <= {case.kind} | ALLOWED


@pytest.mark.parametrize("case", CASES, ids=names(CASES))
def test_a_near_miss_is_none(case: Case) -> None:
    assert check(case.near).broken == ()
    assert case.kind not in {a.kind for a in check(case.near, allow=NONE).broken}


def test_what_is_allowed_is_told_and_not_held_against_anyone() -> None:
    history: list[Operation] = [
        *sends("b@1", process="q"),
        *sends("a@0", "c@2"),
        poll("a@0", "b@1", "c@2"),
    ]
    report = check(history)
    assert report.broken == ()
    assert [anomaly.kind for anomaly in report.allowed] == ["send-skip"]
    assert check(history[:-1], frozenset({"unseen", "send-skip"})).broken == ()
    assert {a.kind for a in check(history[:-1]).broken} == {"unseen"}


@pytest.mark.parametrize(
    ("reader", "fate"), [("c", Fate.COMMITTED), ("d", Fate.UNKNOWN), ("e", Fate.UNKNOWN)]
)
def test_a_commit_without_an_answer_is_known_by_who_saw_it(reader: str, fate: Fate) -> None:
    """Whoever reads committed records is a witness; d reads uncommitted, and e saw none of it."""
    seen = "z@9" if reader == "e" else "a@0"
    history: list[Operation] = [
        Open("c", "read_committed"),
        Open("e", "read_committed"),
        *sends("a@0", into="x"),
        End("p", "x", "commit", "unknown"),
        poll(seen, process=reader),
    ]
    assert facts(history).transactions == {"x": fate}


def test_a_value_that_is_sent_twice_makes_no_history() -> None:
    with pytest.raises(TraceError, match="lines 1 and 2 both send the value 'a'"):
        check([*sends("a@0"), *sends("a@1", first=1)])


@given(histories())
def test_a_log_that_is_right_shows_nothing(history: list[Operation]) -> None:
    assert check(history).broken == ()


@given(histories())
def test_what_is_written_is_read_again(history: list[Operation]) -> None:
    assert parse([line(operation) for operation in history]) == history


# ------------------------------------------------------------ planted faults


def kinds(history: list[Operation]) -> set[str]:
    return {anomaly.kind for anomaly in check(history).broken}


def owed(history: list[Operation]) -> list[Send]:
    """The sends that every reader must be shown."""
    known = facts(history)
    return [send for _, send in known.sends.values() if known.fate(send) is Fate.COMMITTED]


def without(history: list[Operation], value: str) -> list[Operation]:
    """The same where no poll returned a value."""
    return [
        replace(o, records=tuple(r for r in o.records if r.value != value))
        if isinstance(o, Poll)
        else o
        for o in history
    ]


@given(histories(), st.data())
def test_a_record_that_is_lost_is_found(history: list[Operation], data: st.DataObject) -> None:
    candidates = owed(history)
    assume(candidates)
    send = data.draw(st.sampled_from(candidates))
    assert kinds(without(history, send.value)) & {"lost-write", "unseen"}


@given(histories(), st.data())
def test_a_record_that_one_reader_misses_is_found(
    history: list[Operation], data: st.DataObject
) -> None:
    final, complete = history[-2:]
    assert isinstance(final, Poll)
    must = {send.value for send in owed(history)}
    inner = [
        second
        for first, second, third in zip(
            final.records, final.records[1:], final.records[2:], strict=False
        )
        if first.place == second.place == third.place and second.value in must
    ]
    assume(inner)
    gone = data.draw(st.sampled_from(inner))
    left = replace(final, records=tuple(r for r in final.records if r != gone))
    assert kinds([*history[:-2], left, complete]) & {"int-poll-skip", "lost-write"}


@given(histories(), st.data())
def test_a_record_that_is_gone_after_it_was_read_is_found(
    history: list[Operation], data: st.DataObject
) -> None:
    final, complete = history[-2:]
    assert isinstance(final, Poll)
    known = facts(history[:-2])
    read_before = [send.value for send in owed(history) if send.value in known.polled]
    assume(read_before)
    gone = data.draw(st.sampled_from(read_before))
    left = replace(final, records=tuple(r for r in final.records if r.value != gone))
    assert "vanished" in kinds([*history[:-2], left, complete])


@given(histories(), st.data())
def test_a_record_that_comes_twice_is_found(history: list[Operation], data: st.DataObject) -> None:
    candidates = [send for send in owed(history) if send.offset is not None]
    assume(candidates)
    send = data.draw(st.sampled_from(candidates))
    again = Poll("other", (Polled("t", send.partition, 1_000, send.value),))
    assert "duplicate" in kinds([*history, again])


@given(histories(), st.data())
def test_a_record_that_changed_is_found(history: list[Operation], data: st.DataObject) -> None:
    candidates = [send for send in owed(history) if send.offset is not None]
    assume(candidates)
    send = data.draw(st.sampled_from(candidates))
    assert send.offset is not None
    other = Poll("other", (Polled("t", send.partition, send.offset, "strange"),))
    assert "inconsistent-offsets" in kinds([*history, other])


@given(histories(), st.data())
def test_two_sends_that_change_places_are_found(
    history: list[Operation], data: st.DataObject
) -> None:
    pairs = [
        (one, two)
        for one in owed(history)
        for two in owed(history)
        if one.process == two.process and one.place == two.place and one.number < two.number
    ]
    assume(pairs)
    one, two = data.draw(st.sampled_from(pairs))
    swapped = {
        one.value: replace(one, offset=two.offset),
        two.value: replace(two, offset=one.offset),
    }
    planted = [swapped.get(o.value, o) if isinstance(o, Send) else o for o in history]
    assert kinds(planted) & {"nonmonotonic-send", "int-nonmonotonic-send"}
    assert "inconsistent-offsets" in kinds(planted)


@given(histories(), st.data())
def test_an_aborted_record_that_is_shown_is_found(
    history: list[Operation], data: st.DataObject
) -> None:
    known = facts(history)
    aborted = [send for _, send in known.sends.values() if known.fate(send) is Fate.ABORTED]
    assume(aborted)
    send = data.draw(st.sampled_from(aborted))
    shown = Poll("c0", (Polled("t", send.partition, 2_000, send.value),))
    assert "aborted-read" in kinds([*history, shown])


@given(histories(), st.data())
def test_progress_that_is_forgotten_is_found(history: list[Operation], data: st.DataObject) -> None:
    last = {
        (operation.group, each.partition): each.offset
        for operation in history
        if isinstance(operation, Commit)
        for each in operation.offsets
    }
    (group, partition), offset = data.draw(st.sampled_from(sorted(last.items())))
    back = Committed("reader", group, (Offset("t", partition, max(0, offset - 1)),))
    assume(offset)
    assert "committed-went-back" in kinds([*history, back])


@given(histories(), st.data())
def test_a_commit_ahead_of_the_work_is_found(history: list[Operation], data: st.DataObject) -> None:
    polls = [o for o in history if isinstance(o, Poll)]
    assume(polls)
    ahead = data.draw(st.sampled_from(polls))
    place = history.index(ahead) + 1
    record = ahead.records[0]
    early = Commit(ahead.process, "g", (Offset("t", record.partition, record.offset + 1),))
    assert "committed-too-far" in kinds([*history[:place], early, *history[place:]])
