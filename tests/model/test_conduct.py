"""What the model takes for granted is worth something: there is a mistake that each part notices.

These are broken designs without a switch: one place in the model's source is changed, and nothing
else is asked than the property in question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from checker import Limits
from checker.check import chosen
from checker.language.lowering import lower
from checker.language.machine import declaration
from checker.mutation import Mutants, Subject
from checker.mutation.trial import judge, original
from model import Group
from model.conduct import Conduct
from tests.model.pinned import TWO

CRASHING = {**TWO, "crashes": 1}
PREPARE = "model/coordination.py:Coordination.prepare_rebalance"
JOIN = "model/coordination.py:Coordination.on_join"
REFUSED = "model/consumer.py:Consumer.refused"
MEMBERS = "model/members.py:Members"
COUNT = "sum((1 for other in Member if self.consumers[other].phase is Phase.CRASHED))"
ACTIVE = "me.phase is Phase.STABLE or me.phase is Phase.UNJOINED"
PAUSING = {**TWO, "pauses": 1}
TIMING_OUT = {**TWO, "timeouts": 1}
SLOW = {**TWO, "slowness": True}

MISTAKES = [
    (
        "one_outstanding",
        TWO,
        "drop-effect model/connection.py:Connection.park self.request = None",
    ),
    (
        "nobody_at_the_other_end",
        CRASHING,
        "drop-effect model/connection.py:Connection.close self.parked = False",
    ),
    (
        "generations_are_void",
        TWO,
        "drop-effect model/consumer.py:Consumer.let_go self.generation = 0",
    ),
    (
        "positions_are_known",
        TWO,
        "drop-effect model/consumer.py:Consumer.forget self.acknowledged = each(0)",
    ),
    (
        "lives_are_numbered",
        TWO,
        f"always-true {MEMBERS}.start self.consumers[other].phase is not Phase.IDLE",
    ),
    (
        "as_much_as_was_asked_for",
        CRASHING,
        f"shift-boundary {MEMBERS}.crash {COUNT} < self.crashes",
    ),
    (
        "requests_name_a_generation",
        TIMING_OUT,
        "drop-operand model/consumer.py:Consumer.may_commit self.generation > 0",
    ),
    (
        "lives_go_their_way",
        {**TWO, "leaving": True},
        f"drop-guard {MEMBERS}.leave me.phase is Phase.STABLE",
    ),
    (
        "stopped_is_stopped",
        PAUSING,
        f"drop-guard {MEMBERS}.fetch_offset me.running()",
    ),
    (
        "stopped_is_stopped",
        SLOW,
        f"drop-guard {MEMBERS}.poll_interval_expires {ACTIVE}",
    ),
    (
        "given_up_is_void",
        TIMING_OUT,
        "drop-effect model/connection.py:Connection.give_up self.request = None",
    ),
    (
        "records_are_handed_over_in_turn",
        TWO,
        "drop-guard model/consumer.py:Consumer.poll self.phase is Phase.STABLE",
    ),
    (
        "errors_are_heeded",
        TIMING_OUT,
        f"negate-branch {REFUSED} if error is Error.REBALANCE_IN_PROGRESS:",
    ),
    (
        "what_arrives_has_arrived",
        TIMING_OUT,
        "drop-effect model/coordination.py:Coordination.arrive connection.late = None",
    ),
    (
        "answers_are_asked_for",
        TWO,
        f"drop-operand {PREPARE} self.connections[m].parked",
    ),
    (
        "who_waits_is_told",
        TWO,
        f"always-true {JOIN} group.state is not GroupState.PREPARING_REBALANCE",
    ),
]


@pytest.mark.parametrize(("wanted", "settings", "mistake"), MISTAKES)
def test_a_mistake_is_noticed(wanted: str, settings: Mapping[str, Any], mistake: str) -> None:
    program = chosen(lower(Group(**settings)), frozenset(), frozenset({wanted}))
    beside = original(Subject("", program), Limits())
    assert beside is not None
    mutants = Mutants(program)
    found = judge(mutants.program_of(mutants.found[mistake]), beside, None)
    assert (found.fate, found.by) == ("killed", wanted)


def test_every_part_has_its_mistake() -> None:
    parts = {method.name for method in declaration(Conduct).of("invariant", "step")}
    assert parts == {wanted for wanted, _, _ in MISTAKES}
