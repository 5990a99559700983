"""What the controller decides.

It fences a broker that it has not heard from, whether that is down, paused or cut off, takes it
out of the in-sync replicas, and names another leader where it led.  What it decides is an entry
of the metadata log, which every broker reads in its own time.

Eligible leader replicas (KIP-966) are those that left the ISR when it was below
min.insync.replicas: as nothing is committed then, they lack nothing that was.  A broker that
comes back from a crash may lack anything, and is struck off both lists.  Without ELR the last
member stays in the ISR whatever befalls it.

A higher partition epoch comes with each change of the ISR, and a leader's request counts only
where it was made in knowledge of the last change.  No number is kept of it, but whether the
present leader has heard of the last change.
"""

from __future__ import annotations

from checker import Set, action, require
from model.replication.participants import Participants, Registration
from model.replication.replica import Status
from spec.replication import Replica


class Control(Participants):
    """The steps of the controller."""

    # ------------------------------------------------------------ brokers come and go

    @action(by="controller", fair="weak", to="r")
    def session_expires(self, r: Replica, heir: Replica | None) -> None:
        """A broker that is down is fenced."""
        require(self.at[r].status is not Status.UP)
        self.fence(r, heir)

    @action(by="controller")
    def cut_off(self, r: Replica, heir: Replica | None) -> None:
        """A broker that runs is fenced: it is paused, cannot be heard, or is to be shut down."""
        require(not self.steady)
        require(self.at[r].status is Status.UP)
        require(r in self.isr())
        self.fence(r, heir)

    @action(by="controller", fair="weak", to="r")
    def unfence(self, r: Replica) -> None:
        """A broker is heard again."""
        require(self.at[r].status is Status.UP)
        require(r in self.fenced)
        self.fenced.discard(r)

    def fence(self, r: Replica, heir: Replica | None) -> None:
        """A broker is out; where it led, an heir takes over, or nobody where nobody may."""
        require(r not in self.fenced)
        self.fenced.add(r)
        if self.at[r].status is not Status.UP:
            self.at[r].resign()
        left = self.isr() - Set({r})
        if self.elr and len(left) == 0 and r in self.isr():
            self.last_known = self.decided[self.epoch].leader
        if self.elr or len(left) > 0:
            self.put_in_sync(left)
        if self.decided[self.epoch].leader == r:
            require(self.may_succeed(heir))
            self.decide(heir)
        else:
            require(heir is None)

    def may_succeed(self, heir: Replica | None) -> bool:
        """Whether somebody may lead, or nobody can."""
        if heir is None:
            return not any(self.electable(r) for r in Replica)
        return self.electable(heir)

    # ------------------------------------------------------------ elections

    @action(by="controller", fair="weak")
    def elect(self, heir: Replica) -> None:
        """Somebody who may lead is heard again, where nobody did."""
        require(self.electing)
        require(self.decided[self.epoch].leader is None)
        require(self.electable(heir))
        self.decide(heir)

    @action(by="controller")
    def prefer(self, heir: Replica) -> None:
        """The leader is replaced by another that is in sync: the preferred one, or any."""
        require(not self.steady)
        leader = self.decided[self.epoch].leader
        require(leader is not None)
        require(leader != heir)
        require(self.electable(heir))
        self.decide(heir)

    def electable(self, r: Replica) -> bool:
        """Whether a replica may lead: it is heard, and fit; or nobody is, and that is allowed."""
        return r not in self.fenced and (
            self.fit(r)
            or (
                self.unclean
                and not any(self.fit(other) for other in Replica if other not in self.fenced)
            )
        )

    def fit(self, r: Replica) -> bool:
        """Whether a replica has all that was committed, as far as the controller knows."""
        return r in self.isr() or (
            len(self.isr()) == 0
            and (r in self.eligible or (len(self.eligible) == 0 and self.last_known == r))
        )

    def decide(self, leader: Replica | None) -> None:
        """A new leader epoch begins."""
        if leader is not None:
            if not self.fit(leader):
                self.eligible.clear()
            if leader not in self.isr():
                self.put_in_sync(Set({leader}))
            self.last_known = None
        isr = self.isr()
        self.epoch += 1
        self.decided[self.epoch] = Registration(leader, isr)
        self.unheard = False
        self.forget()

    # ------------------------------------------------------------ the in-sync replicas

    def put_in_sync(self, isr: Set[Replica]) -> None:
        """The in-sync replicas are others; who leaves too few behind stays eligible."""
        if self.elr:
            if len(isr) >= self.enough():
                self.eligible.clear()
            else:
                self.eligible = (self.eligible | self.isr()) - isr
        self.decided[self.epoch] = Registration(self.decided[self.epoch].leader, isr)
        self.unheard = any(self.leads_now(r) for r in Replica)

    @action(by="controller", fair="weak", to="leader")
    def alter_partition(self, leader: Replica) -> None:
        """A leader's request is granted."""
        require(len(self.at[leader].asked) > 0)
        require(self.acceptable(leader))
        self.put_in_sync(self.at[leader].asked)

    @action(by="controller", fair="weak", to="leader")
    def ineligible_replica(self, leader: Replica) -> None:
        """A leader's request is refused: somebody is fenced, or has restarted."""
        require(self.refusing)
        require(len(self.at[leader].asked) > 0)
        require(self.current(leader))
        require(not self.acceptable(leader))
        self.at[leader].settle()

    def acceptable(self, leader: Replica) -> bool:
        """Whether a leader's request can be granted."""
        asked = self.at[leader].asked
        return (
            (self.current(leader) or not self.partition_epochs)
            and (not self.refusing_fenced or not any(r in self.fenced for r in asked))
            and (not self.broker_epochs or not self.at[leader].reborn)
        )

    def current(self, leader: Replica) -> bool:
        """Whether a leader is the present one, and knows the present partition epoch."""
        return self.leads_now(leader) and not self.unheard
