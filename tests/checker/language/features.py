"""Small machines that together use everything that docs/language.md lists."""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import Annotated, Generic, Self, TypeVar

from verdict import (
    Bag,
    Bulletin,
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Network,
    Part,
    Promise,
    Queue,
    Range,
    Record,
    Seq,
    Set,
    Variant,
    action,
    each,
    eventually,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)

M = TypeVar("M")


class Node(Index, default=2):
    """A node."""


class Peer(Index, symmetric=True, default=2):
    """An interchangeable one."""


class Color(Enum):
    """Three of them."""

    RED = auto()
    GREEN = auto()
    BLUE = auto()


Small = Annotated[int, Range(-1, 3)]
Epoch = Annotated[int, Counter("Epoch", default=2)]
LIMIT = 2
MIXED = (Color.RED, Color.BLUE)
NEXT = {Color.RED: Color.GREEN, Color.GREEN: Color.BLUE, Color.BLUE: Color.RED}


def clamp(n: int, low: int = 0, high: int = LIMIT) -> int:
    """`n` brought into a range."""
    if n < low:
        return low
    if n > high:
        return high
    return n


def hue(c: Color) -> int:
    """A number for a color."""
    match c:
        case Color.RED:
            return 1
        case Color.GREEN | Color.BLUE:
            return 2
        case _:
            return 0


class Numbers(Machine):
    """Integers, booleans, enums, locals, conditionals and helpers."""

    n: Small = 0
    epoch: Epoch = 0
    color: Color = Color.RED
    on: bool = False
    wrong: Variant[bool] = False

    @action
    def up(self) -> None:
        """Count up, and around."""
        before = self.n
        self.n = clamp(self.n + 1) if self.on else self.n
        self.on = not self.on
        assert self.n >= before or self.wrong

    @action(by="clock")
    def down(self, k: Annotated[int, Range(1, 2)]) -> None:
        """Take a little away, down to the least."""
        require(-1 <= self.n - k < 3 and self.on is True)
        self.n -= k

    @action
    def turn(self) -> None:
        """The next color; each third one ends an epoch."""
        x = 0
        for i in range(hue(self.color)):
            x += i * 2
        if x == 2:
            self.n = min(self.n, 1, x)
        elif x > 5 or self.color not in MIXED:
            self.n = max(self.n, 0)
        else:
            pass
        self.color = NEXT[self.color]
        if self.color == Color.RED:
            self.epoch += 1

    @action
    def leave(self) -> None:
        """Return early."""
        if self.color is not Color.GREEN:
            return
        if self.on:
            self.on = False
            return
        self.n = (self.n + 7) // 3 % 3

    @action
    def reach(self) -> None:
        """Leave the range, where the design is wrong."""
        require(self.wrong)
        self.n = self.n + 4

    @invariant
    def small(self) -> bool:
        """It stays small."""
        return all(abs_of(self.n) <= 3 for _ in Node) and int(self.on) <= 1

    @invariant(Promise("EVEN", "The number is not two in red."))
    def not_two(self) -> bool:
        """False somewhere."""
        return not (self.n == 2 and self.color is Color.RED)

    @step
    def epochs_grow(self, after: Self) -> bool:
        """Epochs only grow."""
        return self.epoch <= after.epoch

    @step(on=down)
    def goes_down(self, after: Self, k: Annotated[int, Range(1, 2)]) -> bool:
        """It goes down by what was chosen."""
        return after.n == self.n - k

    @reachable
    def late(self) -> bool:
        """The last epoch is reached."""
        return self.epoch == 2 and self.n == -1


def abs_of(n: int) -> int:
    """The absolute value."""
    return n if n >= 0 else -n


class Ping(Record):
    """A message with one field."""

    at: Node

    def own(self, n: Node) -> bool:
        """Whether it is of `n`."""
        return self.at == n


class Pong(Record):
    """One with a default, and an option."""

    at: Node
    color: Color = Color.RED
    maybe: Node | None = None

    def own(self, n: Node) -> bool:
        """Whether it is of `n`, or may be."""
        found = self.maybe
        return self.at == n or (found is not None and found == n)


class Plan(Record):
    """A wide one: a set, a map and a sequence inside."""

    who: Set[Node]
    color: Map[Node, Color]
    steps: Annotated[Seq[Node], Capacity(2)]


Message = Ping | Pong
Wide = Ping | Plan


class Messages(Machine):
    """Records, options, unions, match, sets and bags of them."""

    sent: Set[Message]
    bag: Annotated[Bag[Message], Capacity("InBag", default=2)]
    last: Message | None
    seen: Ping = Ping(Node(0))

    @action
    def ping(self, n: Node) -> None:
        """Send one."""
        require(not any(isinstance(m, Ping) and m.at == n for m in self.sent))
        self.sent.add(Ping(n))
        self.last = Ping(n)

    @action
    def pong(self, m: Message) -> None:
        """Answer one."""
        require(m in self.sent)
        match m:
            case Ping(at):
                self.sent.remove(m)
                self.bag.add(Pong(at, maybe=at if at == Node(0) else None))
            case Pong(at=at, color=Color.RED):
                self.sent.discard(m)
            case other:
                require(other.own(Node(0)))
        self.last = None

    @action(by="net")
    def move(self, m: Message) -> None:
        """From the bag to the set."""
        require(m in self.bag)
        self.bag.remove(m)
        if isinstance(m, Pong):
            self.sent.add(replace(m, color=Color.GREEN))
            self.seen = Ping(m.at)
        else:
            self.sent.add(m)

    @action
    def forget(self) -> None:
        """Everything is forgotten when there is enough."""
        require(len(self.sent) + len(self.bag) >= 3)
        last = self.last
        if last is not None and last.own(Node(1)):
            self.sent.clear()
        self.bag.clear()
        self.last = self.seen

    @invariant
    def few(self) -> bool:
        """No message is there too often."""
        return all(self.bag.count(m) <= 1 or m.at == self.seen.at for m in self.bag)

    @invariant
    def known(self) -> bool:
        """What was sent last is of a node."""
        match self.last:
            case None:
                return True
            case Ping() as p:
                return p.at in Set({n for n in Node})
            case Pong(n, _, None):
                return n == Node(0) or n == Node(1)
            case _:
                return False


class Lists(Machine):
    """Sequences, sets and maps with everything that they can do."""

    queue: Annotated[Seq[Node], Capacity("Long", default=3)]
    second: Annotated[Seq[Node], Capacity("Long", default=3)]
    owners: Map[Node, Set[Node]]
    color: Map[Node, Color] = each(Color.RED)
    numbers: Set[Small]
    wide: Annotated[Set[Plan], Capacity(2)]
    maybe: Map[Color, Node | None]
    both: Map[Ping, bool] = each(False)

    @action
    def push(self, n: Node) -> None:
        """Append, and swap when full."""
        if len(self.queue) == 3:
            self.second = self.queue
            self.queue.clear()
        self.queue.append(n)

    @action
    def pop(self) -> None:
        """The first one leaves, or the last."""
        require(len(self.queue) > 0)
        first = self.queue[0]
        if first in self.owners[first]:
            self.queue.pop_last()
        else:
            self.queue.pop_first()
        self.owners[first].add(first)
        self.both[Ping(first)] = not self.both[Ping(first)]

    @action
    def edit(self, i: Annotated[int, Range(0, 2)], n: Node) -> None:
        """Change one in the middle."""
        require(i < len(self.queue))
        require(self.queue[i] != n)
        self.queue[i] = n
        self.color[n] = Color.BLUE if self.color[n] is Color.RED else Color.RED

    @action
    def cut(self) -> None:
        """Both to one, shortened."""
        require(len(self.second) > 1)
        self.second.truncate(1)
        whole = self.second + self.queue
        require(len(whole) <= 3)
        self.queue = whole
        self.second = Seq([n for n in self.queue if n in self.owners[n]])

    @action
    def share(self) -> None:
        """Sets are united, cut and taken from one another."""
        one = Node(0)
        two = Node(1)
        a = self.owners[one]
        self.owners[one] = (a | self.owners[two]) - Set({two})
        self.owners[two] = self.owners[one] & Set({one, two})
        self.numbers = Set({len(self.owners[n]) - 1 for n in Node})
        self.maybe = Map({c: one if c in MIXED else None for c in Color})

    @action
    def plan(self) -> None:
        """A wide record comes in."""
        require(len(self.queue) <= 2)
        self.wide.add(Plan(self.owners[Node(0)], self.color, self.queue))

    @action
    def unplan(self, p: Plan) -> None:
        """And goes out."""
        require(p in self.wide)
        require(len(p.steps) > 0 or Node(1) in p.who)
        self.wide.remove(p)
        for n, c in self.color.items():
            if p.color[n] != c:
                self.color[n] = c
        self.color = each(Color.GREEN)

    @invariant
    def bounded(self) -> bool:
        """Sums and extremes over comprehensions."""
        most = max((len(s) for s in self.owners.values()), default=0)
        least = min(int(n) for n in Node)
        pairs = sum(1 for a in self.owners for b in self.owners[a] if a == b)
        return pairs <= most * 2 and least == 0 and self.owners[Node(0)] <= Set({n for n in Node})

    @invariant
    def alike(self) -> bool:
        """Distinct elements are not more than elements."""
        return len({n for n in self.queue}) <= len(self.queue) and len(self.maybe) == len(Color)

    @step
    def never_both(self, after: Self) -> bool:
        """Not both queues change by a push of another length."""
        return self.second == after.second or len(after.queue) <= 3


class Member(Part):
    """A part with fields, methods and an action."""

    epoch: Epoch = 0
    owned: Set[Node]
    inbox: Annotated[Seq[Color], Capacity(1)]

    def reset(self) -> None:
        """Start anew."""
        self.epoch = 0
        self.owned.clear()

    def take(self, n: Node) -> bool:
        """Own one more, and say whether it was new."""
        fresh = n not in self.owned
        self.owned.add(n)
        return fresh

    @action
    def tick(self) -> None:
        """Time passes for one member."""
        require(len(self.owned) > 0)
        self.epoch += 1


class Outbox(Part, Generic[M]):
    """A generic part."""

    items: Set[M]

    def put(self, item: M) -> None:
        """Put one in."""
        self.items.add(item)


class Parts(Machine):
    """Parts, maps of parts, generic parts, aliases of places, copies of parts."""

    members: Map[Node, Member]
    spare: Member
    outbox: Outbox[Node]
    aux_ticks: Map[Node, Small] = each(0)
    aux_last: Node | None

    @initial
    def some(self, n: Node) -> None:
        """One owns itself at first."""
        self.members[n].owned.add(n)

    @initial
    def none(self) -> None:
        """Or nobody does."""

    @action
    def take(self, m: Node, n: Node) -> None:
        """One takes a node."""
        me = self.members[m]
        fresh = me.take(n)
        require(fresh)
        if me.epoch > 1:
            me.reset()
        box = self.outbox.items
        box.add(n)
        self.aux_ticks[m] = min(self.aux_ticks[m] + 1, 3)
        self.aux_last = m

    @action
    def save(self, m: Node) -> None:
        """Keep a copy, and start anew."""
        require(self.spare != self.members[m])
        self.spare = self.members[m]
        self.members[m] = Member()
        self.outbox.put(m)

    @invariant
    def counted(self) -> bool:
        """The ghost counts."""
        return all(self.aux_ticks[n] >= 0 for n in Node)


class Talk(Machine):
    """Channels, and symmetric peers."""

    net: Annotated[Network[Ping], Capacity("Net", default=2)]
    line: Annotated[Queue[Node], Capacity("Net", default=2)]
    board: Bulletin[Color]
    leader: Peer | None
    peers: Set[Peer]

    @action
    def call(self, n: Node) -> None:
        """Say something."""
        self.net.send(Ping(n))

    @action(by="server")
    def hear(self, m: Ping) -> None:
        """Hear it."""
        self.net.take(m)
        self.line.send(m.at)

    @action
    def read(self, p: Peer) -> None:
        """Read the line."""
        require(len(self.line.in_flight) > 0)
        first = self.line.first()
        self.line.take()
        self.leader = p if first == Node(0) else None
        self.peers.add(p)

    @action(fair="weak")
    def post(self, c: Color) -> None:
        """Write on the board."""
        require(not self.board.has(c))
        self.board.send(c)

    @terminal
    def never(self) -> bool:
        """It never ends."""
        return False

    @eventually(after=never)
    def answered(self) -> bool:
        """Not decided here."""
        return self.leader is not None


class Spec(Machine):
    """A light that goes on and off."""

    lit: bool = False

    @action
    def on(self) -> None:
        """On."""
        require(not self.lit)
        self.lit = True

    @action
    def off(self) -> None:
        """Off."""
        require(self.lit)
        self.lit = False


class Lamp(Machine):
    """Two switches; refines the light, unless it is wrong."""

    a: bool = False
    b: bool = False
    third: bool = False
    wrong: Variant[bool] = False

    @action
    def flip(self, first: bool) -> None:
        """One switch is flipped."""
        require(not self.third)
        if first:
            self.a = not self.a
        else:
            self.b = not self.b

    @action
    def stop(self) -> None:
        """Stop for good."""
        self.third = True

    @refines(Spec)
    def as_light(self, spec: Spec) -> None:
        """Lit where the switches differ."""
        spec.lit = self.a != self.b if not self.wrong else not self.a

    @terminal
    def stopped(self) -> bool:
        """Only when stopped."""
        return self.third


MACHINES: dict[str, Machine] = {
    "numbers": Numbers(),
    "numbers, wrong": Numbers(wrong=True),
    "messages": Messages(),
    "lists": Lists(Long=3, Node=2),
    "parts": Parts(),
    "talk": Talk(),
    "talk, badly": Talk(loses=True, repeats=True, reorders=True, Net=1),
    "lamp": Lamp(),
    "lamp, wrong": Lamp(wrong=True),
    "spec": Spec(),
}
