"""Symmetry, fingerprints, checkpoints: less is visited or kept, and the same is found."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from enum import Enum, auto
from pathlib import Path
from typing import Annotated, Any

import pytest

from checker import (
    Bag,
    Capacity,
    Index,
    Limits,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    Variant,
    Verdict,
    action,
    check,
    each,
    eventually,
    invariant,
    replay,
    require,
    step,
)
from checker.check import chosen
from checker.engines import native
from checker.engines.native import build
from checker.engines.native.engine import NativeSearch, Options
from checker.errors import EngineError, RequestError
from checker.language.domains import Index as AnyIndex
from checker.language.lowering import lower
from checker.verdict import Silent
from examples.kip320 import Kip320
from examples.lost_update import LostUpdate, Thread
from examples.quorum_log import QuorumLog, Voter
from examples.simple_allocator import Client, Resource, SimpleAllocator
from examples.two_phase import RM, Quorum, TwoPhase
from tests.checker.engines.renaming import orbits, renamed

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="there is no C compiler")


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Compile in no time, into a folder of the tests' own."""
    fast = tuple("-O0" if flag == "-O3" else flag for flag in build.FLAGS)
    monkeypatch.setattr(build, "FLAGS", fast)
    monkeypatch.setenv("VERDICT_CACHE", str(tmp_path_factory.getbasetemp() / "native"))


def states_of(machine: Machine) -> list[Any]:
    """Every reachable state."""
    program = chosen(lower(machine), frozenset(), None)
    search = NativeSearch(program, Limits(), Silent(), Options())
    try:
        search.run()
        return search.states()
    finally:
        search.close()


def found(verdict: Verdict) -> dict[str, tuple[str, int]]:
    """What was found, and by how long a trace."""
    return {f.id: (f.result, f.trace.length if f.trace else 0) for f in verdict.findings}


# ------------------------------------------------------------ symmetry


class Peer(Index, symmetric=True):
    """A peer."""


class Vote(Record):
    """A vote of one peer for another."""

    of: Peer
    to: Peer | None


Far = Annotated[int, Range(0, 63)]


class Ballot(Machine):
    """Peers vote for one another: names meet names, so that no peer's part tells all of it."""

    likes: Map[Peer, Set[Peer]]
    votes: Annotated[Bag[Vote], Capacity(2)]
    line: Annotated[Seq[Peer], Capacity(2)]
    first: Peer | None

    @action
    def like(self, a: Peer, b: Peer) -> None:
        """One peer begins to like another."""
        require(a != b)
        require(len(self.line) == 0)
        self.likes[a].add(b)

    @action
    def vote(self, a: Peer) -> None:
        """A peer votes for one it likes, or for nobody."""
        require(len(self.votes) < 2)
        for b in self.likes[a]:
            require(b not in self.likes[b])
        self.votes.add(Vote(a, self.first))

    @action
    def stand(self, a: Peer) -> None:
        """A peer stands in line."""
        require(len(self.line) < 2)
        require(a not in self.line)
        self.line.append(a)
        if self.first is None:
            self.first = a

    @invariant
    def few(self) -> bool:
        """Not everyone in line is voted for by one who does not like it: false."""
        return not any(
            Vote(a, b) in self.votes and b not in self.likes[a] for a in Peer for b in self.line
        )

    @step
    def patient(self, after: Ballot) -> bool:
        """Nobody who is liked by all stands in line second: false."""
        return not any(
            len(after.line) == 2
            and after.line[1] == p
            and all(p == other or p in self.likes[other] for other in Peer)
            for p in Peer
        )


class Seek(Record):
    """A peer looks for others."""

    who: Peer
    among: Set[Peer]


class Offer(Record):
    """Somebody offers a number of things."""

    by: Peer | None
    numbers: Annotated[Seq[Far], Capacity(1)]


class Market(Machine):
    """What is said is too wide to be numbered: options, unions and sets of such are structs."""

    said: Annotated[Set[Seek | Offer], Capacity(2)]
    last: Seek | None
    current: Seek | Offer = Offer(None, Seq())
    heard: Map[Peer, Seek | None] = each(None)

    @action
    def seek(self, p: Peer, q: Peer) -> None:
        """A peer looks for another."""
        require(len(self.said) < 2)
        self.last = Seek(p, Set([q]))
        self.said.add(Seek(p, Set([q])))
        self.current = Seek(q, Set([p, q]))

    @action
    def offer(self, p: Peer, n: Far) -> None:
        """A peer offers something to who looked last."""
        require(n == 5)
        require(len(self.said) < 2)
        require(self.last is not None)
        self.said.add(Offer(p, Seq([n])))
        self.current = Offer(p, Seq([n]))
        self.heard[p] = self.last

    @step(on=offer)
    def offers_are_heard(self, after: Market, p: Peer) -> bool:
        """Nobody who offers has heard of one who looks for it: false."""
        return not any(
            after.heard[p] == Seek(q, Set([p])) and p != q and self.last is not None for q in Peer
        )


SYMMETRIC: list[tuple[Machine, dict[type[AnyIndex], int]]] = [
    (TwoPhase(RM=3), {RM: 3}),
    (TwoPhase(RM=4), {RM: 4}),
    (TwoPhase(RM=3, quorum=Quorum.MAJORITY), {RM: 3}),
    (LostUpdate(Thread=3), {Thread: 3}),
    (LostUpdate(Thread=4), {Thread: 4}),
    (SimpleAllocator(Client=3, Resource=2), {Client: 3, Resource: 2}),
    (Ballot(Peer=2), {Peer: 2}),
    (Ballot(Peer=3), {Peer: 3}),
    (Market(Peer=2), {Peer: 2}),
    (Market(Peer=3), {Peer: 3}),
    (QuorumLog(Voter=3, LeaderEpoch=2, LogSize=1, InFlight=1), {Voter: 3}),
]


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("machine", "sizes"), [pytest.param(m, s, id=f"{type(m).__name__}-{n}")
                           for n, (m, s) in enumerate(SYMMETRIC)]
)  # fmt: skip
def test_one_state_of_each_orbit_is_visited_and_the_same_is_found(
    machine: Machine, sizes: dict[type[AnyIndex], int], workers: int
) -> None:
    whole = check(machine, engine="native")
    reduced = check(machine, engine="native", symmetry=True, workers=workers)
    assert reduced.distinct == orbits(states_of(machine), sizes)
    assert reduced.distinct < whole.distinct
    assert reduced.depth == whole.depth
    assert found(reduced) == found(whole)
    for finding in reduced.findings:
        if finding.trace is not None:
            replay(machine, finding.trace)
    names = ", ".join(sorted(cls.__name__ for cls in sizes))
    assert reduced.notes == (f"one state stands for all that differ in the names of {names} alone",)


def test_the_published_count_is_that_of_a_search_that_sorts_by_one_field() -> None:
    """Stateright counts 665 states of two-phase commit with 5 resource managers under symmetry.

    Its representative sorts the resource managers by their state alone, stably, and it goes on
    from the state itself, depth first: some orbits are counted several times, which ones
    depends on the way through.  There are 314.
    """
    assert check(TwoPhase(RM=5), engine="native", symmetry=True).distinct == 314
    assert _sorted_by_state_alone(5) == 665


def _sorted_by_state_alone(n: int) -> int:
    zero = (0,) * n
    start = (zero, zero, zero, 0, 0, 0)  # states, known prepared, said prepared; tm, commit, abort
    seen, stack = {start}, [start]
    while stack:
        for after in _two_phase(stack.pop()):
            order = sorted(range(n), key=after[0].__getitem__)
            kept = (*(tuple(part[i] for i in order) for part in after[:3]), *after[3:])
            if kept not in seen:
                seen.add(kept)
                stack.append(after)
    return len(seen)


def _two_phase(state: Any) -> list[Any]:
    rm, known, said, tm, commit, abort = state
    found = []
    if tm == 0 and all(known):
        found.append((rm, known, said, 1, 1, abort))
    if tm == 0:
        found.append((rm, known, said, 2, commit, 1))
    for i in range(len(rm)):
        if tm == 0 and said[i]:
            found.append((rm, _put(known, i, 1), said, tm, commit, abort))
        if rm[i] == 0:
            found.append((_put(rm, i, 1), known, _put(said, i, 1), tm, commit, abort))
            found.append((_put(rm, i, 3), known, said, tm, commit, abort))
        if commit:
            found.append((_put(rm, i, 2), known, said, tm, commit, abort))
        if abort:
            found.append((_put(rm, i, 3), known, said, tm, commit, abort))
    return found


def _put(values: tuple[int, ...], i: int, value: int) -> tuple[int, ...]:
    return (*values[:i], value, *values[i + 1 :])


def test_published_counts_of_the_lost_update_under_symmetry() -> None:
    counts = [
        check(LostUpdate(Thread=n), engine="native", symmetry=True).distinct for n in (2, 3, 4)
    ]
    assert counts == [8, 22, 63]


class Order(Enum):
    """What a loop over peers does."""

    KEYED = auto()
    NAMED = auto()
    ADDING = auto()
    LISTING = auto()
    COUNTING = auto()
    LAST = auto()
    CARRIED = auto()
    BOTH = auto()


class Guest(Part):
    """What a peer has to do with others."""

    times: Annotated[int, Range(0, 2)] = 0
    whom: Peer | None

    def greet(self) -> None:
        """Once more."""
        self.times = min(self.times + 1, 2)


class Round(Machine):
    """Everyone in turn."""

    order: Variant[Order] = Order.KEYED
    done: Map[Peer, bool] = each(False)
    seen: Set[Peer]
    line: Annotated[Seq[Peer], Capacity(3)]
    last: Peer | None
    met: Map[Peer, Guest]

    @action
    def choose(self, p: Peer) -> None:
        """One is done already."""
        require(not any(self.done[q] for q in Peer))
        self.done[p] = True

    @action
    def go(self) -> None:
        """All peers do something."""
        require(len(self.seen) == 0)
        require(len(self.line) == 0)
        require(self.last is None)
        if self.order is Order.KEYED:
            for p in Peer:
                self.done[p] = not self.done[p]
        elif self.order is Order.NAMED:
            for p in Peer:
                mine = self.met[p]
                mine.greet()
        elif self.order is Order.ADDING:
            for p in Peer:
                extra = p
                self.seen.add(extra)
        elif self.order is Order.LISTING:
            for p in Peer:
                self.line.append(p)
        elif self.order is Order.COUNTING:
            for p in Peer:
                if not any(self.done[q] for q in Peer):
                    self.done[p] = True
        elif self.order is Order.LAST:
            for p in Peer:
                self.last = p
        elif self.order is Order.BOTH:
            for p in Peer:
                self.seen.add(p)
                self.seen.discard(p)

    @action
    def follow(self) -> None:
        """All peers look at who came before them."""
        require(self.order is Order.CARRIED)
        before: Peer | None = None
        for p in Peer:
            if not self.done[p]:
                before = p
            self.met[p].whom = before


@pytest.mark.parametrize("order", [Order.KEYED, Order.NAMED, Order.ADDING])
def test_a_loop_in_which_order_does_not_matter_is_symmetric(order: Order) -> None:
    machine = Round(Peer=3, order=order)
    assert check(machine, engine="native", symmetry=True).distinct == orbits(
        states_of(machine), {Peer: 3}
    )


@pytest.mark.parametrize(
    "order", [Order.LISTING, Order.COUNTING, Order.LAST, Order.CARRIED, Order.BOTH]
)
def test_symmetry_is_refused_where_the_order_of_a_loop_may_matter(order: Order) -> None:
    with pytest.raises(RequestError, match=r"what a loop does may depend on the order") as told:
        check(Round(Peer=3, order=order), engine="native", symmetry=True)
    assert "test_native_ways.py" in str(told.value)


def test_symmetry_can_be_used_where_it_is_sound() -> None:
    sound = check(Round(Peer=3, order=Order.KEYED), engine="native", symmetry="auto")
    assert sound == replace(
        check(Round(Peer=3, order=Order.KEYED), engine="native", symmetry=True),
        seconds=sound.seconds,
    )
    unsound = check(Round(Peer=3, order=Order.LAST), engine="native", symmetry="auto")
    assert unsound.notes == ()
    assert unsound.distinct == check(Round(Peer=3, order=Order.LAST)).distinct
    assert check(Round(Peer=2), symmetry="auto").engine == "python"


class Soon(Machine):
    """Something happens at some time."""

    done: Map[Peer, bool] = each(False)

    @action(fair="weak")
    def go(self, p: Peer) -> None:
        """It does."""
        self.done[p] = True

    @eventually
    def happens(self) -> bool:
        """It happens to someone."""
        return any(self.done[p] for p in Peer)


def test_symmetry_is_refused_where_something_is_to_happen_eventually() -> None:
    with pytest.raises(RequestError, match="asks what happens eventually"):
        check(Soon(Peer=2), engine="native", symmetry=True)


def test_without_a_compiler_another_engine_is_taken_and_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CC", "no-such-compiler")
    machine = TwoPhase(RM=2)
    verdict = check(machine, engine="auto", workers=2)
    assert verdict.engine == "python"
    assert verdict.notes[0].startswith("by the python engine: the C compiler no-such-compiler")
    assert found(verdict) == found(check(machine))
    for given in ({"engine": "native"}, {"engine": "auto", "symmetry": True}):
        with pytest.raises(EngineError, match="no-such-compiler"):
            check(machine, **given)


def test_what_only_the_native_engine_does_is_refused_by_the_other() -> None:
    asked: list[tuple[dict[str, Any], str]] = [
        ({"symmetry": True}, "symmetry"),
        ({"fingerprints": True}, "fingerprints"),
        ({"checkpoint": Path("x")}, "checkpoints"),
        ({"workers": 2}, "threads"),
    ]
    for given, named in asked:
        with pytest.raises(RequestError, match=f"the python engine has no {named}"):
            check(TwoPhase(RM=2), **given)


# ------------------------------------------------------------ fingerprints


class Wide(Ballot):
    """The same in more than a word."""

    far: Map[Peer, Map[Peer, Far]] = each(each(0))

    @action
    def move(self, a: Peer) -> None:
        """A peer moves away from the next that is near."""
        require(len(self.votes) == 2)
        for b in self.likes[a]:
            self.far[a][b] = 63


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("symmetry", [False, True])
def test_fingerprints_find_the_same(workers: int, *, symmetry: bool) -> None:
    for machine in (
        Kip320(Replica=2, LogSize=1, Records=1, LeaderEpoch=3),
        TwoPhase(RM=3, quorum=Quorum.MAJORITY),
        Wide(Peer=3),
    ):
        exact = check(machine, engine="native", symmetry=symmetry)
        kept = check(
            machine, engine="native", symmetry=symmetry, fingerprints=True, workers=workers
        )
        assert (kept.distinct, kept.generated, kept.depth) == (
            exact.distinct, exact.generated, exact.depth,
        )  # fmt: skip
        assert found(kept) == found(exact)
        assert exact.collision == 0
        if type(machine) is not Wide:
            assert "a state is 64 bits: all of it is kept" in kept.notes
            continue
        assert kept.collision == kept.distinct * (kept.distinct - 1) / 2**65
        assert any("64 bits are kept of a state" in note for note in kept.notes)


# ------------------------------------------------------------ checkpoints

BIG = TwoPhase(RM=6)


def interrupted(file: Path, machine: Machine, limit: int, **ways: Any) -> Verdict:
    verdict = check(machine, engine="native", checkpoint=file, limits=Limits(states=limit), **ways)
    assert not verdict.complete
    return verdict


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("ways", [{}, {"fingerprints": True}, {"symmetry": True}])
def test_a_search_is_taken_up_where_it_was_put_down(
    tmp_path: Path, workers: int, ways: dict[str, Any]
) -> None:
    file = tmp_path / "folder" / "it"
    expected = check(BIG, engine="native", **ways)
    for limit in (expected.distinct // 10, expected.distinct // 2):
        part = interrupted(file, BIG, limit, workers=workers, **ways)
        assert limit < part.distinct <= expected.distinct
    verdict = check(BIG, engine="native", checkpoint=file, workers=workers, **ways)
    assert verdict.complete
    assert (verdict.distinct, verdict.generated, verdict.depth) == (
        expected.distinct, expected.generated, expected.depth,
    )  # fmt: skip
    assert found(verdict) == found(expected)
    fired = [{one.action: one.fired for one in each.coverage} for each in (verdict, expected)]
    assert fired[0] == fired[1]
    assert any("taken up from a checkpoint" in note for note in verdict.notes)
    assert not file.exists()


def test_a_killed_search_leaves_a_checkpoint_that_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "it"
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(file)],
        env={**os.environ, "PYTHONPATH": str(Path.cwd())},
    )
    try:
        deadline = time.monotonic() + 60
        while not file.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.3)  # it is written again and again meanwhile
    finally:
        child.send_signal(signal.SIGKILL)
        child.wait()
    program = chosen(lower(TwoPhase(RM=8)), frozenset(), None)
    options = Options(checkpoint=file)
    verdict = native.check_program(program, "", frozenset(), Limits(), Silent(), options)
    assert (verdict.distinct, verdict.generated, verdict.depth) == (1_745_408, 18_507_778, 26)
    assert any("taken up from a checkpoint" in note for note in verdict.notes)


_ENDLESS = """
import sys
from pathlib import Path
from checker import Limits
from checker.check import chosen
from checker.engines import native
from checker.engines.native.engine import Options
from checker.language.lowering import lower
from checker.verdict import Silent
from examples.two_phase import TwoPhase
program = chosen(lower(TwoPhase(RM=8)), frozenset(), None)
options = Options(checkpoint=Path(sys.argv[1]), every=0.0)
while True:
    native.check_program(program, "", frozenset(), Limits(), Silent(), options)
"""


def test_damage_is_detected_wherever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "it"
    interrupted(file, BIG, 3000)
    whole = file.read_bytes()
    places = [0, 8, 40, 70, len(whole) // 3, len(whole) // 2, len(whole) - 9, len(whole) - 1]
    for place in places:
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(RequestError, match=r"is damaged|another machine|does not fit"):
            check(BIG, engine="native", checkpoint=file)
    for length in (0, 7, 63, 64, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(RequestError, match="is damaged"):
            check(BIG, engine="native", checkpoint=file)
    file.write_bytes(whole)
    assert check(BIG, engine="native", checkpoint=file).complete


def test_a_checkpoint_of_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "it"
    interrupted(file, BIG, 3000)
    with pytest.raises(RequestError, match="is one of another machine, configuration or version"):
        check(TwoPhase(RM=7), engine="native", checkpoint=file)
    with pytest.raises(RequestError, match="is one of another machine"):
        check(BIG, engine="native", checkpoint=file, symmetry=True)


def test_a_checkpoint_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RequestError, match="cannot be made"):
        check(BIG, engine="native", checkpoint=tmp_path / "file" / "it")
    (tmp_path / "it.new").mkdir()
    with pytest.raises(RequestError, match="cannot be written"):
        interrupted(tmp_path / "it", BIG, 3000)


def test_a_small_budget_of_memory_does_not_take_a_checkpoint_up(tmp_path: Path) -> None:
    file = tmp_path / "it"
    interrupted(file, TwoPhase(RM=7), 250_000)
    with pytest.raises(RequestError, match="does not fit the memory"):
        check(TwoPhase(RM=7), engine="native", checkpoint=file, limits=Limits(memory=1 << 20))


def test_renaming_is_undone_by_the_inverse() -> None:
    states = states_of(Ballot(Peer=2))
    for names in itertools.permutations(range(2)):
        back = tuple(names.index(i) for i in range(2))
        for state in states:
            assert renamed(renamed(state, {Peer: names}), {Peer: back}) == state
