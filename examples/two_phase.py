"""Two-phase commit, and the transaction commit that it implements.

Several resource managers hold parts of one transaction.  Either all of them commit it or all
abort it.  `TCommit` says only that: who may decide what, as if everyone saw everyone's state.
`TwoPhase` is a protocol that achieves it with messages and a transaction manager:

1. a resource manager that is ready tells the transaction manager `Prepared`, and from then on
   does as it is told;
2. the transaction manager announces `Commit` once everyone is prepared, or `Abort` at any time
   before that.

Messages are never taken out of the set of those sent, so one can arrive late, or twice; one
that is lost is one that nobody reads.  What a resource manager says when it aborts on its own
is left out: the transaction manager may abort at any time anyway.

Not modelled: a manager that crashes or forgets, and progress (everybody may wait for ever).

Source: J. Gray and L. Lamport, Consensus on Transaction Commit, ACM TODS 31(1), 2006; the
modules TCommit and TwoPhase of the TLA+ Examples.

Checked, as distinct states, states generated, and depth:

    TCommit    RM=3         34          94    7
    TwoPhase   RM=3        288       1,146   11
    TwoPhase   RM=5      8,832      58,146   17
    TwoPhase   RM=7    296,448   2,744,706   23
    TwoPhase   RM=8  1,745,408  18,507,778   26
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Self

from verdict import (
    Index,
    Machine,
    Map,
    Record,
    Set,
    Variant,
    action,
    configuration,
    each,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)


class RM(Index, symmetric=True):
    """A resource manager."""


class RMState(Enum):
    """How far a resource manager is."""

    WORKING = auto()
    PREPARED = auto()
    COMMITTED = auto()
    ABORTED = auto()


class TCommit(Machine):
    """Transaction commit: what any commit protocol must look like from outside."""

    rm: Map[RM, RMState] = each(RMState.WORKING)

    @action
    def prepare(self, r: RM) -> None:
        """A working resource manager is ready to commit."""
        require(self.rm[r] is RMState.WORKING)
        self.rm[r] = RMState.PREPARED

    @action
    def commit(self, r: RM) -> None:
        """A prepared resource manager commits, once all are prepared or have committed."""
        require(self.rm[r] is RMState.PREPARED)
        require(all(self.rm[other] in (RMState.PREPARED, RMState.COMMITTED) for other in RM))
        self.rm[r] = RMState.COMMITTED

    @action
    def abort(self, r: RM) -> None:
        """An undecided resource manager aborts, as long as none has committed."""
        require(self.rm[r] in (RMState.WORKING, RMState.PREPARED))
        require(all(self.rm[other] is not RMState.COMMITTED for other in RM))
        self.rm[r] = RMState.ABORTED

    @invariant
    def consistent(self) -> bool:
        """No resource manager commits while another aborts."""
        return not any(
            self.rm[a] is RMState.COMMITTED and self.rm[b] is RMState.ABORTED
            for a in RM
            for b in RM
        )

    @reachable
    def all_commit(self) -> bool:
        """Everyone can commit."""
        return all(self.rm[r] is RMState.COMMITTED for r in RM)

    @reachable
    def all_abort(self) -> bool:
        """Everyone can abort."""
        return all(self.rm[r] is RMState.ABORTED for r in RM)

    @terminal
    def decided(self) -> bool:
        """It is over only when every resource manager has decided."""
        return all(self.rm[r] in (RMState.COMMITTED, RMState.ABORTED) for r in RM)

    configurations = (configuration("three", RM=3), configuration("five", RM=5))


class TMState(Enum):
    """What the transaction manager has decided."""

    INIT = auto()
    COMMITTED = auto()
    ABORTED = auto()


class Prepared(Record):
    """From a resource manager: it is ready, and will do as it is told."""

    rm: RM


class Commit(Record):
    """From the transaction manager, to all: commit."""


class Abort(Record):
    """From the transaction manager, to all: abort."""


Message = Prepared | Commit | Abort


class Quorum(Enum):
    """How many resource managers must be prepared before the transaction manager commits."""

    ALL = auto()
    MAJORITY = auto()


class TwoPhase(Machine):
    """Two-phase commit: a transaction manager collects promises, then decides."""

    rm: Map[RM, RMState] = each(RMState.WORKING)
    tm: TMState = TMState.INIT
    prepared: Set[RM]
    messages: Set[Message]
    quorum: Variant[Quorum] = Quorum.ALL

    @action
    def rm_prepare(self, r: RM) -> None:
        """A working resource manager promises to do as it is told."""
        require(self.rm[r] is RMState.WORKING)
        self.rm[r] = RMState.PREPARED
        self.messages.add(Prepared(r))

    @action
    def rm_abort(self, r: RM) -> None:
        """A working resource manager, which has promised nothing, aborts on its own."""
        require(self.rm[r] is RMState.WORKING)
        self.rm[r] = RMState.ABORTED

    @action(by="tm")
    def tm_receive_prepared(self, r: RM) -> None:
        """The undecided transaction manager takes note that a resource manager is prepared."""
        require(self.tm is TMState.INIT)
        require(Prepared(r) in self.messages)
        self.prepared.add(r)

    @action(by="tm")
    def tm_commit(self) -> None:
        """The transaction manager, knowing that everyone is prepared, announces the commit."""
        require(self.tm is TMState.INIT)
        require(self.enough())
        self.tm = TMState.COMMITTED
        self.messages.add(Commit())

    @action(by="tm")
    def tm_abort(self) -> None:
        """The undecided transaction manager announces that the transaction is aborted."""
        require(self.tm is TMState.INIT)
        self.tm = TMState.ABORTED
        self.messages.add(Abort())

    @action
    def rm_receive_commit(self, r: RM) -> None:
        """A resource manager learns of the commit, and commits."""
        require(Commit() in self.messages)
        self.rm[r] = RMState.COMMITTED

    @action
    def rm_receive_abort(self, r: RM) -> None:
        """A resource manager learns of the abort, and aborts."""
        require(Abort() in self.messages)
        self.rm[r] = RMState.ABORTED

    def enough(self) -> bool:
        """Whether the transaction manager has heard enough to commit."""
        if self.quorum is Quorum.MAJORITY:
            return 2 * len(self.prepared) > len(RM)
        return len(self.prepared) == len(RM)

    @invariant
    def consistent(self) -> bool:
        """No resource manager commits while another aborts."""
        return not any(
            self.rm[a] is RMState.COMMITTED and self.rm[b] is RMState.ABORTED
            for a in RM
            for b in RM
        )

    @step
    def lasting(self, after: Self) -> bool:
        """Who has committed or aborted never changes again."""
        return all(
            after.rm[r] is self.rm[r]
            for r in RM
            if self.rm[r] in (RMState.COMMITTED, RMState.ABORTED)
        )

    @reachable
    def all_commit(self) -> bool:
        """Everyone can commit."""
        return all(self.rm[r] is RMState.COMMITTED for r in RM)

    @reachable
    def promised_in_vain(self) -> bool:
        """Everyone can be prepared, and the transaction be aborted all the same."""
        return self.tm is TMState.ABORTED and all(self.rm[r] is RMState.PREPARED for r in RM)

    @refines(TCommit)
    def as_commit(self, spec: TCommit) -> None:
        """Seen from outside, this is transaction commit."""
        spec.rm = self.rm

    configurations = (
        configuration("three", RM=3),
        configuration("five", RM=5),
        configuration(
            "majority",
            RM=3,
            quorum=Quorum.MAJORITY,
            hazards=("consistent", "lasting", "as_commit"),
            about="A majority decides, as in consensus: not enough for atomic commit.",
        ),
    )
