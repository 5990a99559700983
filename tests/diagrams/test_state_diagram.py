"""State diagrams of small machines, character by character."""

from __future__ import annotations

import re

import pytest

from checker import Limits
from checker.errors import RequestError
from diagrams import Diagram, state_diagram
from examples.two_phase import TwoPhase
from tests.diagrams.machines import House, Post

HEAD = """\
\tnode [color="#1f5fa8" fillcolor="#e8f1fb" fontcolor="#1b1f24" \
fontname="Helvetica,Arial,sans-serif" fontsize=12 height=0.42 margin="0.16,0.08" penwidth=1.2 \
shape=box style="rounded,filled"]
\tedge [arrowsize=0.75 color="#57606a" fontcolor="#1b1f24" \
fontname="Helvetica,Arial,sans-serif" fontsize=10]
\tstart [label="" color="#57606a" fillcolor="#57606a" shape=point tooltip=initial width=0.14]
"""


def graph_line(label: str) -> str:
    return (
        'digraph TwoPhase {\n\tgraph [bgcolor="#fefefe" fontcolor="#1b1f24" '
        f'fontname="Helvetica,Arial,sans-serif" fontsize=13 label="{label}" labelloc=t '
        "nodesep=0.45 nslimit=2 nslimit1=2 pad=0.25 rankdir=TB ranksep=0.55]\n"
    )


def test_two_phase_by_its_transaction_manager() -> None:
    diagram = state_diagram(TwoPhase(RM=3), "tm")
    caption = r"RM=3\n288 states, 1,145 steps\n"
    assert diagram.dot == graph_line(r"TwoPhase by tm\n" + caption) + HEAD + (
        '\ts0 [label=INIT tooltip="64 states"]\n'
        "\tstart -> s0\n"
        '\ts1 [label=COMMITTED penwidth=1.2 peripheries=2 tooltip="8 states"]\n'
        '\ts2 [label=ABORTED penwidth=1.2 peripheries=2 tooltip="216 states"]\n'
        '\ts0 -> s1 [label="  tm_commit\\l" labeltooltip="tm_commit: 1 step" '
        'tooltip="tm_commit: 1 step"]\n'
        '\ts0 -> s2 [label="  tm_abort\\l" labeltooltip="tm_abort: 64 steps" '
        'tooltip="tm_abort: 64 steps"]\n'
        "}\n"
    )
    assert (
        diagram.mermaid
        == """\
---
title: "TwoPhase by tm"
config:
  state:
    nodeSpacing: 200
    rankSpacing: 60
---
stateDiagram-v2
    INIT
    COMMITTED
    ABORTED
    [*] --> INIT
    INIT --> COMMITTED: tm_commit
    INIT --> ABORTED: tm_abort
    COMMITTED --> [*]
    ABORTED --> [*]
"""
    )
    assert (
        diagram.text
        == """\
TwoPhase by tm
RM=3
288 states, 1,145 steps

INIT  (64 states, initial)
  → COMMITTED: tm_commit
  → ABORTED: tm_abort

COMMITTED  (8 states, final)

ABORTED  (216 states, final)
"""
    )


def test_two_phase_by_all_resource_managers_at_once() -> None:
    diagram = state_diagram(TwoPhase(RM=3), "rm[*]")
    assert (
        diagram.mermaid
        == """\
---
title: "TwoPhase by rm[*]"
config:
  state:
    nodeSpacing: 200
    rankSpacing: 60
---
stateDiagram-v2
    WORKING
    PREPARED
    COMMITTED
    ABORTED
    [*] --> WORKING
    WORKING --> PREPARED: rm_prepare
    WORKING --> ABORTED: rm_abort<br/>rm_receive_abort
    PREPARED --> COMMITTED: rm_receive_commit
    PREPARED --> ABORTED: rm_receive_abort
    COMMITTED --> [*]
    ABORTED --> [*]
"""
    )
    merged = [line for line in diagram.dot.splitlines() if "rm_abort" in line]
    about = r"rm_abort: 156 steps\nrm_receive_abort: 108 steps"
    label = r"  rm_abort\l  rm_receive_abort\l"
    assert merged == [f'\ts0 -> s3 [label="{label}" labeltooltip="{about}" tooltip="{about}"]']


def test_a_symmetric_slot_has_the_shape_of_all_of_them() -> None:
    def shape(by: str) -> list[str]:
        return state_diagram(TwoPhase(RM=3), by).mermaid.splitlines()[3:]

    assert shape("rm[rm-0]") == shape("rm[rm-2]") == shape("rm[*]")


def test_steps_that_change_nothing_stand_inside_on_request() -> None:
    diagram = state_diagram(TwoPhase(RM=2), "tm", loops=True, counts=True)
    assert (
        '\ts1 [label="{COMMITTED|rm_receive_commit\\ (8)\\l}" penwidth=3 shape=Mrecord '
        'tooltip="4 states"]'
    ) in diagram.dot.splitlines()
    lines = [line.strip() for line in diagram.mermaid.splitlines()]
    assert 'state "COMMITTED" as COMMITTED' in lines
    assert "COMMITTED: rm_receive_commit (8)" in lines
    assert "INIT --> COMMITTED: tm_commit (1)" in lines
    assert "  stays: rm_receive_commit (8)" in diagram.text.splitlines()


def test_values_that_cannot_be_reached_are_dashed() -> None:
    diagram = state_diagram(House(Room=1), "fixtures[*].lamp")
    [broken] = [line for line in diagram.dot.splitlines() if "BROKEN" in line]
    assert 'style="rounded,filled,dashed" tooltip=unreachable]' in broken
    assert diagram.mermaid.endswith("""\
    OFF
    ON
    BROKEN
    [*] --> OFF
    OFF --> ON: switch_on
    ON --> OFF: switch_off
    classDef unreached stroke-dasharray: 5 4
    class BROKEN unreached
""")
    assert "BROKEN  (unreachable)\n" in diagram.text


def test_every_start_is_marked() -> None:
    diagram = state_diagram(House(Room=1), "mood")
    starts = [line for line in diagram.mermaid.splitlines() if line.startswith("    [*]")]
    assert starts == ["    [*] --> None", "    [*] --> ON"]
    assert [line for line in diagram.dot.splitlines() if "start ->" in line] == [
        "\tstart -> s0",
        "\tstart -> s2",
    ]


def test_values_of_any_type_have_names_and_labels() -> None:
    diagram = state_diagram(House(Room=2), "plan")
    assert '    state "Plan(room=room-1, lit=True)" as Plan_room_room_1_lit_True' in (
        diagram.mermaid.splitlines()
    )
    assert '[label="Plan(room=room-1, lit=True)" ' in diagram.dot


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(states=50), "the first 50 states"),
        (Limits(depth=3), "the states within a depth of 3"),
        (Limits(memory=1), "what fitted into 1 bytes"),
        (Limits(time=0.0), "what was seen in 0 s"),
    ],
)
def test_a_partial_graph_says_so_and_claims_no_more(limits: Limits, why: str) -> None:
    diagram = state_diagram(TwoPhase(RM=4), "rm[*]", limits=limits)
    assert diagram.title == f"TwoPhase by rm[*] (partial: {why})"
    assert f'label="{diagram.title}\\n' in diagram.dot
    assert f'title: "{diagram.title}"' in diagram.mermaid
    assert diagram.text.startswith(diagram.title)
    assert "COMMITTED  (not seen so far)" in diagram.text
    assert "unreachable" not in diagram.dot
    assert "peripheries" not in diagram.dot
    assert "--> [*]" not in diagram.mermaid


def test_a_limit_that_is_not_met_leaves_the_graph_whole() -> None:
    assert state_diagram(
        TwoPhase(RM=3), "tm", limits=Limits(states=288, depth=11)
    ) == state_diagram(TwoPhase(RM=3), "tm")


def test_a_bound_ends_steps_but_not_the_diagram() -> None:
    """Up to 3 greetings in the post and 3 received: 4 × 4 states; a fourth of either is no step.

    send 4 × 3, receive 3 × 3, blow 4 × 4.
    """
    text = state_diagram(Post(Peer=1), "got[peer-0]").text
    assert text.startswith("Post by got[peer-0]\nPeer=1\n16 states, 37 steps\n")


def test_the_same_machine_gives_the_same_characters() -> None:
    def once() -> Diagram:
        return state_diagram(House(Room=2), "fixtures[*].lamp", loops=True, counts=True)

    assert once() == once()


def test_too_many_values_are_refused() -> None:
    with pytest.raises(RequestError, match="messages takes more than 100 values"):
        state_diagram(TwoPhase(RM=7), "messages")


def test_no_label_is_longer_than_it_can_be_read() -> None:
    diagram = state_diagram(TwoPhase(RM=3), "messages")
    for label in re.findall(r'\[label="([^"]*)"', diagram.dot):
        assert max(map(len, label.split(r"\n"))) <= 40, label
