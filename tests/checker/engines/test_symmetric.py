"""Where the order of a loop over symmetric values may matter, and where it cannot."""

from __future__ import annotations

from enum import Enum, auto

import pytest

from checker import Index, Machine, Map, Set, Variant, action, each, require
from checker.engines.symmetric import is_symmetric, objections
from checker.language.lowering import lower


class Peer(Index, symmetric=True):
    """One of several."""


class Turn(Enum):
    """What a peer's turn of the loop does."""

    OWN = auto()
    BOTH_BRANCHES = auto()
    TESTED = auto()
    HANDED_ON = auto()
    LOOPED = auto()
    AFTER_A_LOOP = auto()


SOUND = {Turn.OWN, Turn.BOTH_BRANCHES}
"""Turns that need nothing of those before them."""


class Rounds(Machine):
    """All peers, one after the other."""

    turn: Variant[Turn] = Turn.OWN
    on: Map[Peer, bool] = each(False)
    marked: Map[Peer, bool] = each(False)

    @action
    def own(self) -> None:
        """Each by what it has itself."""
        require(self.turn is Turn.OWN)
        for p in Peer:
            mine = self.on[p]
            self.marked[p] = mine

    @action
    def both_branches(self) -> None:
        """Each gives the local its value, whichever way it goes."""
        require(self.turn is Turn.BOTH_BRANCHES)
        for p in Peer:
            if self.on[p]:
                mine = True
                self.on[p] = False
            else:
                mine = False
            self.marked[p] = mine

    @action
    def tested(self) -> None:
        """What the last one left decides."""
        require(self.turn is Turn.TESTED)
        first = True
        for p in Peer:
            if first:
                self.marked[p] = True
            first = self.on[p]

    @action
    def handed_on(self) -> None:
        """What the last one left is taken over."""
        require(self.turn is Turn.HANDED_ON)
        last = False
        for p in Peer:
            mine = last
            last = self.on[p]
            self.marked[p] = mine

    @action
    def looped(self) -> None:
        """What the last one left is gone through."""
        require(self.turn is Turn.LOOPED)
        seen: Set[Peer] = Set()
        for p in Peer:
            for _ in seen:
                self.marked[p] = True
            seen = Set({p})

    @action
    def after_a_loop(self) -> None:
        """A loop within may not have given the local its value."""
        require(self.turn is Turn.AFTER_A_LOOP)
        found = False
        for p in Peer:
            for q in Peer:
                if self.on[q]:
                    found = self.marked[q]
            self.on[p] = found


@pytest.mark.parametrize("turn", Turn)
def test_what_may_depend_on_the_order_is_objected_to(turn: Turn) -> None:
    program = lower(Rounds(Peer=3, turn=turn))
    found = list(objections(program))
    assert bool(found) == (turn not in SOUND)
    assert is_symmetric(program) == (turn in SOUND)
    for problem, span in found:
        assert "may depend on the order" in problem
        assert span is not None
