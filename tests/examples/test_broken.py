"""Every property of the examples can fail: each has a broken machine that it catches.

A broken machine is the example with one action changed: a guard forgotten, an effect left out
or doubled.  Pinned is the length of the shortest trace, in states; None where what fails is a
witness that is no longer there, which has no trace.
"""

from __future__ import annotations

from typing import Any

import pytest

from checker import Machine, Seq, Set, action, check, require
from checker.language.machine import declaration
from examples.alternating_bit import AlternatingBit, Data, Handshake, Packet
from examples.chang_roberts import ChangRoberts, Hope, Node, following
from examples.coffee_can import CoffeeCan
from examples.dining_philosophers import DiningPhilosophers, Doing, Seat, after, before
from examples.inner_fifo import InnerFIFO, Message
from examples.kip320 import Kip320, LeaderEpoch, Replica, TruncateToHighWatermark
from examples.lost_update import At, LostUpdate, Thread
from examples.quorum_log import Acks, Append, Offset, QuorumLog, Voter
from examples.readers_writers import Actor, Kind, ReadersWriters, Request
from examples.simple_allocator import Client, Resource, SimpleAllocator
from examples.two_phase import RM, Abort, Quorum, RMState, TCommit, TMState, TwoPhase
from tests.examples.engines import engine_for

# ------------------------------------------------------------------------------- commit


class AbortsLate(TCommit):
    @action
    def abort(self, r: RM) -> None:
        """Aborts although another has committed."""
        require(self.rm[r] in (RMState.WORKING, RMState.PREPARED))
        self.rm[r] = RMState.ABORTED


class CommitsFirst(TCommit):
    @action
    def commit(self, r: RM) -> None:
        """Commits only as the first."""
        require(all(self.rm[other] is RMState.PREPARED for other in RM))
        self.rm[r] = RMState.COMMITTED


class NeedsNobody(TCommit):
    @action
    def abort(self, r: RM) -> None:
        """Aborts only while another still works."""
        require(self.rm[r] in (RMState.WORKING, RMState.PREPARED))
        require(any(self.rm[other] is RMState.WORKING for other in RM if other != r))
        self.rm[r] = RMState.ABORTED


class TellsNobody(TwoPhase):
    @action
    def tm_commit(self) -> None:
        """Decides, and keeps it to itself."""
        require(self.tm is TMState.INIT and self.enough())
        self.tm = TMState.COMMITTED


class AbortsWithReason(TwoPhase):
    @action
    def tm_abort(self) -> None:
        """Aborts only where somebody else has."""
        require(self.tm is TMState.INIT)
        require(any(self.rm[r] is RMState.ABORTED for r in RM))
        self.tm = TMState.ABORTED
        self.messages.add(Abort())


# ----------------------------------------------------------------------------- channels


class BelievesAnything(Handshake):
    @action
    def acknowledge(self) -> None:
        """The sender believes received what it has just sent."""
        require(self.acked_bit != self.sent_bit)
        self.acked_bit = self.sent_bit


class KeepsTheBit(AlternatingBit):
    @action
    def send(self, d: Data) -> None:
        """A new value goes out under the old bit."""
        require(self.acked_bit == self.sent_bit)
        if len(self.packets) < 2:
            self.sent = d
            self.packets.append(Packet(self.sent_bit, d))


class WaitsForNothing(AlternatingBit):
    @action
    def send(self, d: Data) -> None:
        """The sender goes on before it is told to."""
        if len(self.packets) < 2:
            self.sent = d
            self.sent_bit = not self.sent_bit
            self.packets.append(Packet(self.sent_bit, d))


class SaysItOnce(AlternatingBit):
    @action
    def send_again(self) -> None:
        """Nothing is repeated."""
        require(len(self.packets) > 2)


class SendsUnnoticed(InnerFIFO):
    @action
    def send(self, m: Message) -> None:
        """The bit is not flipped."""
        require(self.inward.idle())
        self.inward.value = m


class JumpsTheQueue(InnerFIFO):
    @action
    def buffer_receive(self) -> None:
        """What comes last goes to the front."""
        require(not self.inward.idle() and not self.full())
        self.inward.receive()
        self.queue = Seq([self.inward.value]) + self.queue


class SendsTheLatest(InnerFIFO):
    @action
    def buffer_send(self) -> None:
        """What came last goes out first."""
        require(len(self.queue) > 0)
        self.outward.send(self.queue[len(self.queue) - 1])
        self.queue.pop_last()


class ForgetsTheRest(InnerFIFO):
    @action
    def receive(self) -> None:
        """The buffer is emptied."""
        self.outward.receive()
        self.queue.clear()


class HoldsLess(InnerFIFO):
    def full(self) -> bool:
        return len(self.queue) == 2


# ---------------------------------------------------------------------- mutual exclusion


class EatsWithOne(DiningPhilosophers):
    @action
    def loop(self, p: Seat) -> None:
        """One fork is enough."""
        me = self.philosophers[p]
        left = self.forks[p]
        right = self.forks[after(p)]
        require(me.doing is Doing.LOOKING)
        if left.dirty_with(p):
            left.hand_over(before(p))
        elif right.dirty_with(p):
            right.hand_over(after(p))
        if not me.hungry:
            me.doing = Doing.THINKING
        elif left.ready_for(p) or right.ready_for(p):
            me.doing = Doing.EATING


class GivesTheWrongWay(DiningPhilosophers):
    @action
    def loop(self, p: Seat) -> None:
        """The left fork goes to the right."""
        require(self.forks[p].dirty_with(p))
        self.forks[p].hand_over(after(p))


class NeverCleans(DiningPhilosophers):
    @action
    def loop(self, p: Seat) -> None:
        """Forks change hands dirty."""
        require(self.philosophers[p].doing is Doing.LOOKING)
        if self.forks[p].dirty_with(p):
            self.forks[p].holder = before(p)
        elif self.forks[after(p)].dirty_with(p):
            self.forks[after(p)].holder = after(p)


class GivesTwice(SimpleAllocator):
    @action
    def allocate(self, c: Client, given: Set[Resource]) -> None:
        """What another has is given again."""
        require(len(given) > 0 and given <= self.waiting[c])
        self.held[c] = self.held[c] | given
        self.waiting[c] = self.waiting[c] - given


class KeepsAsking(SimpleAllocator):
    @action
    def allocate(self, c: Client, given: Set[Resource]) -> None:
        """A client still waits for what it got."""
        require(len(given) > 0 and given <= self.waiting[c])
        require(all(self.free(r) for r in given))
        self.held[c] = self.held[c] | given


class AllOrNothing(SimpleAllocator):
    @action
    def allocate(self, c: Client, given: Set[Resource]) -> None:
        """A request is met as a whole."""
        require(len(given) > 0 and given == self.waiting[c])
        require(all(self.free(r) for r in given))
        self.held[c] = given
        self.waiting[c] = Set()


class WritesAmongReaders(ReadersWriters):
    @action
    def admit(self) -> None:
        """A writer is let in where others read."""
        require(len(self.queue) > 0 and len(self.writers) == 0)
        if self.queue[0].kind is Kind.READ:
            self.readers.add(self.queue[0].actor)
        else:
            self.writers.add(self.queue[0].actor)
        self.queue.pop_first()


class AsksTwice(ReadersWriters):
    @action
    def ask_to_read(self, a: Actor) -> None:
        """An actor asks though it waits already."""
        self.queue.append(Request(Kind.READ, a))


class ReadsAlone(ReadersWriters):
    @action
    def admit(self) -> None:
        """Everyone is let in only alone."""
        require(len(self.queue) > 0)
        require(len(self.writers) == 0 and len(self.readers) == 0)
        if self.queue[0].kind is Kind.READ:
            self.readers.add(self.queue[0].actor)
        else:
            self.writers.add(self.queue[0].actor)
        self.queue.pop_first()


class AsksForOneThing(ReadersWriters):
    @action
    def ask_to_write(self, a: Actor) -> None:
        """An actor that waits to read does not ask to write."""
        require(Request(Kind.READ, a) not in self.queue)
        require(Request(Kind.WRITE, a) not in self.queue)
        self.queue.append(Request(Kind.WRITE, a))

    @action
    def ask_to_read(self, a: Actor) -> None:
        """An actor that waits to write does not ask to read."""
        require(Request(Kind.READ, a) not in self.queue)
        require(Request(Kind.WRITE, a) not in self.queue)
        self.queue.append(Request(Kind.READ, a))


class CountsTwice(LostUpdate):
    def increment(self, t: Thread) -> None:
        self.counter = self.workers[t].seen + 2
        self.workers[t].at = At.DONE


class ReadsFirst(LostUpdate):
    @action
    def write(self, t: Thread) -> None:
        """Nobody writes before all have read."""
        require(self.workers[t].at is At.WRITE)
        require(all(self.workers[other].at is not At.READ for other in Thread))
        self.increment(t)


class GivesUp(LostUpdate):
    @action
    def write(self, t: Thread) -> None:
        """A thread whose reading is out of date is stuck."""
        require(self.workers[t].at is At.WRITE)
        require(self.workers[t].seen == self.counter)
        self.increment(t)


# ------------------------------------------------------------------------------ counting


class AddsTwo(CoffeeCan):
    @action
    def two_white(self) -> None:
        """Two black beans go in for two white ones."""
        require(self.white > 1 and self.black + 2 <= self.most)
        self.white -= 2
        self.black += 2


class ThrowsTheWhiteOne(CoffeeCan):
    @action
    def one_of_each(self) -> None:
        """The black bean goes back."""
        require(self.black > 0 and self.white > 0)
        self.white -= 1


class PutsNothingBack(CoffeeCan):
    @action
    def two_black(self) -> None:
        """Two black beans come out, and none goes in."""
        require(self.black > 1)
        self.black -= 2


# ------------------------------------------------------------------------------ election


class WinsWithAny(ChangRoberts):
    @action
    def receive(self, n: Node, number: Node) -> None:
        """A candidate that gets a larger number believes that it has won."""
        require(number in self.inbox[n])
        require(n in self.started)
        self.inbox[n].remove(number)
        if self.hope[n] is Hope.LOST:
            self.inbox[following(n)].add(number)
        elif number < n:
            self.hope[n] = Hope.LOST
            self.inbox[following(n)].add(number)
        else:
            self.hope[n] = Hope.WON


class EveryoneSends(ChangRoberts):
    @action
    def start(self, n: Node) -> None:
        """A node sends its number though it does not stand."""
        require(n not in self.started)
        self.started.add(n)
        self.inbox[following(n)].add(n)


class LosersAreSilent(ChangRoberts):
    @action
    def receive(self, n: Node, number: Node) -> None:
        """Who has lost passes nothing on."""
        require(number in self.inbox[n])
        require(n in self.started)
        self.inbox[n].remove(number)
        if number < n:
            self.hope[n] = Hope.LOST
        elif number == n and self.hope[n] is Hope.CANDIDATE:
            self.hope[n] = Hope.WON


class AnyoneLeads(Kip320):
    @action
    def become_leader(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A replica takes any request for its own election."""
        me = self.at[r]
        require(epoch > me.epoch and epoch <= self.quorum.epoch)
        me.epoch = epoch
        me.leader = r
        me.isr = self.requests[epoch].isr


class GoesBack(Kip320):
    @action
    def become_leader(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A replica heeds an old request."""
        me = self.at[r]
        require(self.requests[epoch].leader == r)
        me.epoch = epoch
        me.leader = r
        me.isr = self.requests[epoch].isr


class FetchesNothing(Kip320):
    def copy_next(self, follower: Replica, leader: Replica) -> None:
        """A follower waits until it is ahead."""
        require(len(self.at[follower].log) > len(self.at[leader].log))


class OneAtATime(Kip320):
    @action
    def become_leader(self, r: Replica, epoch: LeaderEpoch) -> None:
        """A replica leads only where nobody believes that they do."""
        me = self.at[r]
        require(self.requests[epoch].leader == r)
        require(epoch > me.epoch)
        require(not any(self.leads(other) for other in Replica if other != r))
        me.epoch = epoch
        me.leader = r
        me.isr = self.requests[epoch].isr


class WinsAlone(QuorumLog):
    def majority(self, count: int) -> bool:
        return count > 0


class OldRecordsCount(QuorumLog):
    def own(self, leader: Voter, end: Offset) -> bool:
        return True


class TellsNoWatermark(QuorumLog):
    @action
    def push(self, leader: Voter, to: Voter) -> None:
        """A leader keeps its high watermark to itself."""
        me = self.at[leader]
        require(me.leads and to != leader)
        offset = me.acked[to]
        require(offset < len(me.log))
        self.appends.add(Append(to, me.epoch, offset, me.log[offset], 0))


class HasVotesOfAll(QuorumLog):
    def majority(self, count: int) -> bool:
        return count == len(Voter)


SMALL_LOG = {"Replica": 2, "LogSize": 1, "Records": 1, "LeaderEpoch": 3}
QUORUM_LOG = {"Voter": 3, "LeaderEpoch": 2, "LogSize": 1, "InFlight": 1}
MAJORITY = {"RM": 3, "quorum": Quorum.MAJORITY}
ACTORS = {"Actor": 2, "Queue": 4}
RESOURCES = {"Client": 2, "Resource": 2}

BROKEN: list[tuple[type[Machine], dict[str, Any], str, int | None]] = [
    (AbortsLate, {"RM": 3}, "consistent", 6),
    (CommitsFirst, {"RM": 3}, "all_commit", None),
    (CommitsFirst, {"RM": 3}, "decided", 5),
    (NeedsNobody, {"RM": 3}, "all_abort", None),
    (TwoPhase, MAJORITY, "consistent", 8),
    (TwoPhase, MAJORITY, "lasting", 8),
    (TwoPhase, MAJORITY, "as_commit", 7),
    (TellsNobody, {"RM": 3}, "all_commit", None),
    (AbortsWithReason, {"RM": 3}, "promised_in_vain", None),
    (BelievesAnything, {"Data": 2}, "told_is_received", 3),
    (KeepsTheBit, {"Data": 2}, "taken_once", 3),
    (WaitsForNothing, {"Data": 2}, "as_handshake", 3),
    (SaysItOnce, {"Data": 2}, "a_stale_packet", None),
    (SendsUnnoticed, {"Message": 2}, "sent_once", 2),
    (JumpsTheQueue, {"Message": 2}, "taken_in_order", 5),
    (SendsTheLatest, {"Message": 2}, "sent_in_order", 6),
    (ForgetsTheRest, {"Message": 2}, "received_once", 7),
    (HoldsLess, {"Message": 2}, "crowded", None),
    (EatsWithOne, {"Seat": 3}, "exclusive", 4),
    (EatsWithOne, {"Seat": 3}, "eats_with_two", 3),
    (GivesTheWrongWay, {"Seat": 3}, "within_reach", 2),
    (NeverCleans, {"Seat": 3}, "eats_again", None),
    (GivesTwice, RESOURCES, "exclusive", 5),
    (KeepsAsking, RESOURCES, "not_both", 3),
    (AllOrNothing, RESOURCES, "stuck", None),
    (WritesAmongReaders, ACTORS, "exclusive", 5),
    (AsksTwice, ACTORS, "waits_once", 3),
    (ReadsAlone, ACTORS, "all_read", None),
    (AsksForOneThing, ACTORS, "all_wait", None),
    (LostUpdate, {"Thread": 2}, "nothing_is_lost", 5),
    (CountsTwice, {"Thread": 2}, "never_too_many", 3),
    (ReadsFirst, {"Thread": 2}, "all_counted", None),
    (GivesUp, {"Thread": 2}, "all_done", 4),
    (AddsTwo, {"most": 10}, "fewer", 2),
    (ThrowsTheWhiteOne, {"most": 10}, "parity", 2),
    (PutsNothingBack, {"most": 10}, "never_stuck", 2),
    (WinsWithAny, {"Node": 3}, "one_winner", 4),
    (EveryoneSends, {"Node": 3}, "nothing_is_made_up", 2),
    (LosersAreSilent, {"Node": 3}, "all_stand_and_one_wins", None),
    (LosersAreSilent, {"Node": 3}, "over", 5),
    (TruncateToHighWatermark, SMALL_LOG, "weak_isr", 9),
    (TruncateToHighWatermark, SMALL_LOG, "strong_isr", 10),
    (AnyoneLeads, SMALL_LOG, "one_leader_an_epoch", 4),
    (GoesBack, SMALL_LOG, "epochs_grow", 5),
    (FetchesNothing, SMALL_LOG, "exposed_by_all", None),
    (OneAtATime, SMALL_LOG, "two_leaders", None),
    (WinsAlone, QUORUM_LOG | {"LeaderEpoch": 1}, "one_leader_an_epoch", 3),
    (QuorumLog, QUORUM_LOG | {"acks": Acks.ONE}, "not_lost", 5),
    (QuorumLog, QUORUM_LOG | {"acks": Acks.ONE}, "no_two_answers", 7),
    (OldRecordsCount, QUORUM_LOG | {"LeaderEpoch": 4}, "not_lost", 11),
    (TellsNoWatermark, QUORUM_LOG, "known_to_all", None),
    (HasVotesOfAll, QUORUM_LOG, "two_leaders", None),
]


@pytest.mark.parametrize(("machine", "settings", "identifier", "length"), BROKEN)
def test_a_broken_machine_is_caught_by_a_shortest_trace(
    machine: type[Machine], settings: dict[str, Any], identifier: str, length: int | None
) -> None:
    finding = check(machine(**settings), engine=engine_for(machine)).finding(identifier)
    assert finding.result == "violated"
    assert (finding.trace and finding.trace.length) == length


def test_every_property_of_the_examples_has_a_broken_machine() -> None:
    examples = [
        *(TCommit, TwoPhase, Handshake, AlternatingBit, InnerFIFO, DiningPhilosophers),
        *(SimpleAllocator, ReadersWriters, LostUpdate, CoffeeCan, ChangRoberts, Kip320),
        QuorumLog,
    ]
    for example in examples:
        declared = declaration(example).methods
        promised = {m.promise.id for m in declared if m.mark.kind not in ("action", "initial")}
        caught = {name for machine, _, name, _ in BROKEN if issubclass(machine, example)}
        assert promised == caught, example.__name__
