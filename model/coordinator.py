"""The coordinator's side of a group: membership, generation, leader, assignment.

The coordinator decides everything about a group but who gets what: that is the leader's to say.
Here is what it knows, and what it does to that; that requests arrive and answers leave is the
business of `coordination`.

    standing    what the coordinator knows of a member id
    PENDING     handed out, and not used yet
    KNOWN       a member; during a rebalance, one that has not joined again yet
    JOINED      a member whose JoinGroup is in for the rebalance under way
    GONE        removed: left, timed out, or too late for a rebalance

What it leaves out, and why that is safe for the promises about ownership, membership and
delivery:

- The round trip that hands out member ids (KIP-394, MEMBER_ID_REQUIRED).  A pending id can delay
  a rebalance; it neither owns nor commits.
- Protocol selection and subscriptions: everybody subscribes to the same topic, and a follower's
  metadata never changes, so a follower that joins a stable group again is told its generation.
- group.initial.rebalance.delay.ms: the first rebalance, like any other, completes at some time
  after somebody has joined, whether or not others will.
- Waiting for the offsets topic: what a coordinator writes, it reads back at once.  Failovers of
  the coordinator are another model's.
- group.max.size, offset expiry, static members, commits from outside a group.
"""

from __future__ import annotations

from enum import Enum, auto

from checker import Map, Part, Set, Variant, each
from model.messages import Error
from spec import Generation, GroupState, Member, Share


class Standing(Enum):
    """What the coordinator knows of a member id."""

    PENDING = auto()
    KNOWN = auto()
    JOINED = auto()
    GONE = auto()


class Fencing(Enum):
    """What a request must carry to be heard."""

    GENERATION = auto()  # the id of a member, and the current generation
    MEMBER = auto()  # broken: the id of a member
    NONE = auto()  # broken: nothing


class Numbering(Enum):
    """Which rebalances make a new generation."""

    EVERY = auto()
    NONE = auto()  # broken: the first one only


class Coordinator(Part):
    """What the coordinator knows of one group."""

    fencing: Variant[Fencing] = Fencing.GENERATION
    numbering: Variant[Numbering] = Numbering.EVERY
    naming: Variant[bool] = True  # whether a refusal tells an old generation from a stranger
    expelling: Variant[bool] = True  # whether who misses a rebalance is out

    state: GroupState = GroupState.EMPTY
    generation: Generation = 0
    leader: Member | None
    standing: Map[Member, Standing] = each(Standing.PENDING)
    assignment: Map[Member, Share]
    # Who was told to lead this generation, and whose assignment was stored in it.
    aux_leaders: Set[Member]
    aux_assigners: Set[Member]

    def is_member(self, m: Member) -> bool:
        """Whether `m` is a member now."""
        return self.standing[m] is Standing.KNOWN or self.standing[m] is Standing.JOINED

    def needs_no_rebalance(self, m: Member) -> bool:
        """Whether a JoinGroup of `m` asks for what is known: only a leader can want it changed."""
        return self.is_member(m) and (
            self.state is GroupState.COMPLETING_REBALANCE
            or (self.state is GroupState.STABLE and self.leader != m)
        )

    def refusal(self, m: Member, generation: Generation) -> Error | None:
        """Why a request with this member id and generation is not heard; None where it is."""
        if self.state is GroupState.DEAD:
            return Error.COORDINATOR_NOT_AVAILABLE
        if self.fencing is not Fencing.NONE and not self.is_member(m):
            return Error.UNKNOWN_MEMBER_ID
        if self.fencing is Fencing.GENERATION and generation != self.generation:
            return Error.ILLEGAL_GENERATION if self.naming else Error.UNKNOWN_MEMBER_ID
        return None

    def commit_refusal(self, m: Member, generation: Generation) -> Error | None:
        """Why a commit is not accepted; None where it is.

        While the assignment of a new generation is awaited nobody owns anything, though members
        know the generation already.  While a rebalance is prepared the old one still counts.
        """
        error = self.refusal(m, generation)
        if error is not None:
            return error
        if self.state is GroupState.COMPLETING_REBALANCE and self.fencing is Fencing.GENERATION:
            return Error.REBALANCE_IN_PROGRESS
        return None

    def admit(self, m: Member) -> None:
        """The JoinGroup of `m` is in."""
        if self.leader is None:
            self.leader = m
        self.standing[m] = Standing.JOINED

    def remove(self, m: Member) -> None:
        """`m` is no longer a member."""
        self.standing[m] = Standing.GONE
        if self.leader == m:
            self.leader = None

    def next_generation(self) -> None:
        """A rebalance is complete: those who have joined are in, the others are out."""
        if self.numbering is Numbering.EVERY or self.generation == 0:
            self.generation += 1
        for m in Member:
            if self.standing[m] is Standing.KNOWN and self.expelling:
                self.standing[m] = Standing.GONE
        for m in Member:
            if self.standing[m] is Standing.JOINED:
                self.standing[m] = Standing.KNOWN
        self.assignment = each(Set())
        self.aux_leaders.clear()
        self.aux_assigners.clear()

    def accept(self, m: Member, plan: Map[Member, Share]) -> None:
        """The assignment of `m` is stored: the group is stable."""
        self.assignment = plan
        self.state = GroupState.STABLE
        self.aux_assigners.add(m)
