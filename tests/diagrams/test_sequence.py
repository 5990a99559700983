"""Traces as sequence diagrams and as paths of states."""

from __future__ import annotations

from dataclasses import replace

from checker.verdict import Change, Step, Trace
from diagrams import sequence
from diagrams.exchange import MOST_STEPS, Delivery, events
from diagrams.path import described
from examples.two_phase import RM, Quorum, TwoPhase
from tests.diagrams.machines import Hello, House, Peer, Post, Taken, run
from verdict import Machine, Seq, action

A, B, C = Peer(0), Peer(1), Peer(2)

GREETING = run(
    Post(Peer=3),
    ("send", "peer-0", {"by": A, "to": C}),
    ("send", "peer-1", {"by": B, "to": A}),
    ("receive", "peer-2", {"p": C, "m": Hello(C)}),
    ("receive", "peer-0", {"p": A, "m": Hello(A)}),
    ("send", "peer-2", {"by": C, "to": C}),
    ("receive", "peer-2", {"p": C, "m": Hello(C)}),
    ("blow", "the wind", {}),
)


def test_plain_text_has_a_lane_for_each_actor_and_an_arrow_for_each_message() -> None:
    assert (
        sequence(GREETING).text
        == """\
Post Peer=3: 8 states

   peer-0
   │   peer-1
   │   │   peer-2
   │   │   │   the wind
2  ●   │   │   │   send(by=peer-0, to=peer-2)
   │   │   │   │     post: {} → {Hello(peer-2)}
3  │   ●   │   │   send(by=peer-1, to=peer-0)
   │   │   │   │     post: {Hello(peer-2)} → {Hello(peer-0), Hello(peer-2)}
   ├───┼──▶│   │   Hello(peer-2)
4  │   │   ●   │   receive(p=peer-2, m=Hello(peer-2))
   │   │   │   │     got[peer-2]: 0 → 1
   │◀──┤   │   │   Hello(peer-0)
5  ●   │   │   │   receive(p=peer-0, m=Hello(peer-0))
   │   │   │   │     got[peer-0]: 0 → 1
6  │   │   ●   │   send(by=peer-2, to=peer-2)
   │   │   │   │     post: {} → {Hello(peer-2)}
7  │   │   ●   │   receive(p=peer-2, m=Hello(peer-2))
   │   │   │   │     got[peer-2]: 1 → 2
   │   │   │   │     post: {Hello(peer-2)} → {}
8  │   │   │   ●   blow()
"""
    )


def test_mermaid_has_notes_for_steps_and_arrows_for_messages() -> None:
    lines = sequence(GREETING).mermaid.splitlines()
    assert lines[:8] == [
        "---",
        'title: "Post: 8 states"',
        "---",
        "sequenceDiagram",
        "    participant peer_0 as peer-0",
        "    participant peer_1 as peer-1",
        "    participant peer_2 as peer-2",
        "    participant the_wind as the wind",
    ]
    assert [line.strip() for line in lines if "->>" in line] == [
        "peer_0->>peer_2: Hello(peer-2)",
        "peer_1->>peer_0: Hello(peer-0)",
    ]
    assert lines[8] == "    Note over peer_0,the_wind: Peer=3"
    assert lines[9] == (
        "    Note over peer_0: 2. send(by=peer-0, to=peer-2)<br/>post: {} → {Hello(peer-2)}"
    )
    assert lines[-1] == "    Note over the_wind: 8. blow()"


def test_a_message_comes_from_who_sent_it_last() -> None:
    trace = run(
        Post(Peer=3),
        ("send", "peer-0", {"by": A, "to": C}),
        ("send", "peer-1", {"by": B, "to": C}),
        ("receive", "peer-2", {"p": C, "m": Hello(C)}),
    )
    assert [event.deliveries for event in events(trace)] == [
        (),
        (),
        (Delivery("peer-1", Hello(C)),),
    ]


def test_a_message_taken_out_without_being_an_argument_is_delivered_too() -> None:
    state = GREETING.initial
    queue = [
        Step("put", "peer-0", {}, (Change("q", Seq(), Seq([Hello(B)])),), state),
        Step("next", "peer-1", {}, (Change("q", Seq([Hello(B)]), Seq()),), state),
    ]
    slot = [
        Step("ask", "peer-0", {}, (Change("request", None, Hello(B)),), state),
        Step("change", "peer-2", {}, (Change("request", Hello(B), Hello(C)),), state),
        Step("answer", "peer-1", {}, (Change("request", Hello(B), None),), state),
    ]
    moved = [
        Step("ask", "peer-0", {}, (Change("request", None, Hello(B)),), state),
        Step(
            "forward",
            "peer-2",
            {},
            (Change("request", Hello(B), None), Change("late", None, Hello(B))),
            state,
        ),
        Step("answer", "peer-1", {}, (Change("late", Hello(B), None),), state),
    ]
    plain = [
        Step("ring", "peer-0", {}, (Change("bells", Seq(), Seq([True])),), state),
        Step("hear", "peer-1", {}, (Change("bells", Seq([True]), Seq()),), state),
    ]
    assert events(replace(GREETING, steps=tuple(plain)))[-1].deliveries == (
        Delivery("peer-0", True),
    )
    for steps in (queue, slot, moved):
        found = events(replace(GREETING, steps=tuple(steps)))
        assert found[-1].deliveries == (Delivery("peer-0", Hello(B)),)
        assert [event.deliveries for event in found[:-1]] == [()] * (len(found) - 1)


def lasso() -> Trace:
    receive = ("rm_receive_commit", "rm-0", {"r": RM(0)})
    return run(
        TwoPhase(RM=1),
        ("rm_prepare", "rm-0", {"r": RM(0)}),
        ("tm_receive_prepared", "tm", {"r": RM(0)}),
        ("tm_commit", "tm", {}),
        receive,
        receive,
        loop=4,
    )


def test_a_lasso_leads_back() -> None:
    diagram = sequence(lasso())
    assert diagram.text.splitlines()[-1] == "   │   │     and again from 5, for ever"
    assert diagram.mermaid.splitlines()[-1] == "    Note over rm_0,tm: and again from 5, for ever"
    assert '\ts6 -> s5 [label="  for ever\\l"]' in diagram.dot.splitlines()


def test_a_path_shows_the_first_state_whole_and_then_what_changes() -> None:
    lines = [line.strip() for line in sequence(lasso()).dot.splitlines()]
    assert lines[4:] == [
        lines[4],  # the dot that marks the start
        r's1 [label="1\lrm[rm-0]: WORKING\ltm: INIT\lprepared: {}\lmessages: {}\l"]',
        'start -> s1 [label=""]',
        r's2 [label="2\lrm[rm-0]: WORKING → PREPARED\lmessages: {} → {Prepared(rm-0)}\l"]',
        r's1 -> s2 [label="  rm-0: rm_prepare(r=rm-0)\l"]',
        r's3 [label="3\lprepared: {} → {rm-0}\l"]',
        r's2 -> s3 [label="  tm: tm_receive_prepared(r=rm-0)\l"]',
        (
            r's4 [label="4\ltm: INIT → COMMITTED\l'
            r'messages: {Prepared(rm-0)} → {Prepared(rm-0), Commit()}\l"]'
        ),
        r's3 -> s4 [label="  tm: tm_commit()\l"]',
        r's5 [label="5\lrm[rm-0]: PREPARED → COMMITTED\l"]',
        r's4 -> s5 [label="  rm-0: rm_receive_commit(r=rm-0)\l"]',
        r's6 [label="6\lnothing changes\l"]',
        r's5 -> s6 [label="  rm-0: rm_receive_commit(r=rm-0)\l"]',
        r's6 -> s5 [label="  for ever\l"]',
        "}",
    ]


def test_what_ghosts_remember_and_what_arrows_say_is_left_out_of_the_notes() -> None:
    state = GREETING.initial
    steps = (
        Step(
            "ask",
            "peer-0",
            {},
            (
                Change("lines[peer-0].request", None, Hello(B)),
                Change("aux_asked", Seq(), Seq([Hello(B)])),
                Change("lines[peer-0].aux_asked", False, True),
            ),
            state,
        ),
        Step("answer", "peer-1", {}, (Change("lines[peer-0].request", Hello(B), None),), state),
    )
    diagram = sequence(replace(GREETING, steps=steps))
    assert diagram.text.splitlines()[4:] == [
        "2  ●   │   ask()",
        "   │   │     lines[peer-0].request: + Hello(peer-1)",
        "   ├──▶│   Hello(peer-1)",
        "3  │   ●   answer()",
    ]
    assert "aux_asked" in diagram.dot
    assert "lines[peer-0].request: - Hello(peer-1)" in diagram.dot


def test_a_variant_is_named_where_it_is_not_the_usual_one() -> None:
    for quorum, named in ((Quorum.ALL, ""), (Quorum.MAJORITY, " quorum=MAJORITY")):
        trace = run(TwoPhase(RM=1, quorum=quorum))
        assert sequence(trace).title == f"TwoPhase RM=1{named}: 1 state"


def test_slots_that_hold_the_same_are_said_once() -> None:
    assert described("", run(House(Room=2)).initial) == [
        "fixtures[*].lamp: OFF",
        "fixtures[*].used: 0",
        "porch.lamp: OFF",
        "porch.used: 0",
        "sky[*]: ON",
        "plan: None",
        "mood: None",
        "queue: []",
    ]


def test_the_choice_of_a_start_is_shown() -> None:
    trace = replace(lasso(), start="mood_is", start_arguments={"on": True})
    diagram = sequence(trace)
    assert "   │   │   mood_is(on=True)" in diagram.text.splitlines()
    assert "    Note over rm_0,tm: RM=1<br/>mood_is(on=True)" in diagram.mermaid.splitlines()
    assert '\tstart -> s1 [label="  mood_is(on=True)\\l"]' in diagram.dot.splitlines()


def test_a_message_sent_twice_is_drawn_twice() -> None:
    trace = run(
        Post(Peer=2),
        ("send", "peer-0", {"by": A, "to": B}),
        ("send", "peer-0", {"by": A, "to": B}),
        ("receive", "peer-1", {"p": B, "m": Hello(B)}),
        ("receive", "peer-1", {"p": B, "m": Hello(B)}),
    )
    assert sequence(trace).mermaid.count("peer_0->>peer_1: Hello(peer-1)") == 2
    assert "{2 × Hello(peer-1)}" in sequence(trace).mermaid


def test_a_trace_without_steps_or_actors_can_be_drawn() -> None:
    assert sequence(run(House(Room=1))).mermaid.splitlines()[-1] == "sequenceDiagram"
    alone = sequence(run(Post(Peer=1), ("blow", "", {})))
    assert alone.text.splitlines()[2:] == ["   machine", "2  ●   blow()"]
    assert '\ts1 -> s2 [label="  blow()\\l"]' in alone.dot.splitlines()


class Idle(Machine):
    """Nothing to configure."""

    done: bool = False

    @action
    def finish(self) -> None:
        """It is over."""
        self.done = True


def test_a_machine_without_settings_has_no_heading() -> None:
    lines = sequence(run(Idle(), ("finish", "Idle", {}))).mermaid.splitlines()
    assert lines[4:] == [
        "    participant Idle",
        "    Note over Idle: 2. finish()<br/>done: False → True",
    ]


def test_the_middle_of_a_long_trace_is_left_out_and_counted() -> None:
    steps: list[Taken] = [("blow", "the wind", {})] * (MOST_STEPS + 30)
    diagram = sequence(run(Post(Peer=1), *steps))
    said = "… 62 to 91 are left out …"
    assert said in diagram.text
    assert said in diagram.mermaid
    assert said in diagram.dot
    assert diagram.dot.count("blow()") == MOST_STEPS
    assert "61. blow()" in diagram.mermaid
    assert "62. blow()" not in diagram.mermaid
    assert "91. blow()" not in diagram.mermaid
    assert "92. blow()" in diagram.mermaid
