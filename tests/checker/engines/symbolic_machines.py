"""Small machines that between them use every type, node and operator of the language.

They are walked by the symbolic engine and by the reference evaluator, which must agree on every
state, and on every property: some hold, some are violated, some end in a defect or at a bound.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum, auto
from typing import Annotated, Generic, Self, TypeVar

from verdict import (
    Bag,
    Capacity,
    Counter,
    Index,
    Machine,
    Map,
    Part,
    Range,
    Record,
    Seq,
    Set,
    action,
    each,
    initial,
    invariant,
    reachable,
    require,
    step,
    terminal,
)


class Node(Index):
    """Somebody with a number."""


class Peer(Index, symmetric=True):
    """Somebody without."""


class Color(Enum):
    """Something with names."""

    RED = auto()
    GREEN = auto()
    BLUE = auto()


Small = Annotated[int, Range(-3, 4)]
Count = Annotated[int, Counter("Count")]


class Numbers(Machine):
    """Integers below and above 0, and everything that is computed with them."""

    a: Small = 0
    b: Small = 2
    on: bool = False
    color: Color = Color.RED
    node: Node = Node(0)
    seen: Count = 0

    @initial
    def somewhere(self, n: Node) -> None:
        """Any node, and its number."""
        self.node = n
        self.a = int(n) - 1

    @action
    def mix(self, x: Small) -> None:
        """Quotients and remainders, rounded down."""
        require(-2 <= x <= 3)
        require(self.on is False)
        self.a = x // 2
        self.b = (x * x - self.b) % 4
        self.on = True

    @action
    def turn(self, by: Annotated[int, Range(0, 1)]) -> None:
        """Extremes and indices."""
        require(self.on)
        if by == 0:
            self.on = False
            self.node = Node(max(0, min(self.a, len(Node) - 1)))
        elif self.node < Node(1):
            self.color = Color.GREEN if self.color is Color.RED else Color.BLUE
        else:
            self.b = self.a - self.b + int(self.on)

    @action
    def note(self) -> None:
        """A counter that reaches its bound."""
        require(self.color is not Color.RED)
        self.seen += 1

    @action
    def leave(self) -> None:
        """Past the range: a defect."""
        require(self.color is Color.BLUE)
        self.b = self.b + 3

    @invariant
    def apart(self) -> bool:
        """False after a while."""
        return not (self.a == 1 and self.b == -1)

    @invariant
    def inside(self) -> bool:
        """True for ever."""
        return -3 <= self.a <= 4

    @step(on=mix)
    def squares(self, after: Self, x: Small) -> bool:
        """A step property over the parameter of its action; false for some."""
        return after.a * 2 <= x and (x != 3 or after.b != 1)

    @reachable
    def counted(self) -> bool:
        """A bound that is reached."""
        return self.seen == 2


class Letter(Record):
    """A record in a record."""

    to: Node
    urgent: bool

    def louder(self) -> Letter:
        """A method of a record."""
        return replace(self, urgent=True)


class Ask(Record):
    """The first of a union."""

    letter: Letter


class Answer(Record):
    """The second, with something that may be missing."""

    color: Color | None


class Bye(Record):
    """The third, with nothing."""


Talk = Ask | Answer | Bye
Short = Answer | Bye


def loudness(talk: Talk) -> int:
    """What a table or a chain of conditions becomes."""
    match talk:
        case Ask(Letter(urgent=True)):
            return 2
        case Ask():
            return 1
        case Answer():
            return 0
        case Bye():
            return 0


class Talks(Machine):
    """Options, records, unions."""

    last: Talk | None
    reply: Short = Bye()
    held: Map[Node, Letter | None]
    heard: Annotated[int, Range(0, 6)] = 0
    by_color: Map[Color, Talk] = each(Bye())

    @action
    def ask(self, letter: Letter) -> None:
        """A record is a parameter."""
        require(self.held[letter.to] is None)
        self.last = Ask(letter)
        self.held[letter.to] = letter

    @action
    def answer(self, color: Color) -> None:
        """A union is taken apart."""
        match self.last:
            case Ask(letter):
                require(letter.urgent or color is not Color.BLUE)
                self.reply = Answer(color if letter.urgent else None)
                self.last = self.reply
                self.held[letter.to] = letter.louder()
            case Answer(None):
                self.last = Bye()
                self.by_color[color] = Answer(color)
            case _:
                require(self.last is not None)
                self.last = None

    @action
    def repeat(self, c: Color) -> None:
        """A value of a union moves about."""
        require(self.last is not None)
        before = self.by_color[c]
        require(before != self.last)
        self.by_color[c] = self.last  # type: ignore[assignment]
        self.heard = self.heard + loudness(before)

    @action
    def read(self, n: Node) -> None:
        """None is used as a value, for some: a defect."""
        require(isinstance(self.by_color[Color.RED], Answer))
        require(self.held[n].urgent)  # type: ignore[union-attr]
        self.held[n] = None

    @invariant
    def quiet(self) -> bool:
        """Nobody gets loud; false."""
        return sum(loudness(t) for t in self.by_color.values()) < 3

    @reachable
    def both(self) -> bool:
        """Two letters, one of them loud."""
        return any(
            self.held[n] == Letter(n, urgent=True) and self.held[m] is not None
            for n in Node
            for m in Node
            if n != m
        )


def cold(color: Color) -> bool:
    """A helper."""
    return color is not Color.RED


class Queues(Machine):
    """Sequences."""

    queue: Annotated[Seq[Color], Capacity("Queue")]
    log: Annotated[Seq[Annotated[int, Range(0, 2)]], Capacity(3)]
    picked: Color | None

    @action
    def put(self, c: Color) -> None:
        """At the end."""
        require(c not in self.queue)
        self.queue.append(c)

    @action
    def take(self) -> None:
        """From the front."""
        require(len(self.queue) > 0)
        self.picked = self.queue[0]
        self.queue.pop_first()

    @action
    def undo(self) -> None:
        """From the end, where there is one: a defect where not."""
        require(self.picked is Color.BLUE)
        self.queue.pop_last()

    @action
    def write(self) -> None:
        """The length of one is an element of another, which is of limited length."""
        self.log = self.log + Seq([min(2, len(self.queue))])

    @action
    def rewrite(self, i: Annotated[int, Range(0, 2)]) -> None:
        """Elements are changed in place, and moved."""
        require(i < len(self.log))
        require(self.log[i] == 0)
        self.log[i] = 1 + i // 2
        if i == 2:
            self.log.truncate(2)
        elif len(self.queue) == 1:
            self.queue = Seq([c for c in self.queue if cold(c)]) + self.queue

    @action
    def sweep(self) -> None:
        """A loop over indices and one over elements."""
        require(len(self.log) > 1)
        for i in range(len(self.log)):
            if self.log[i] == 2:
                self.log[i] = 0
        for c in self.queue:
            if c is Color.GREEN:
                self.picked = None
        assert len(self.queue) < 2, "a defect"
        require(self.picked is None)

    @invariant
    def ordered(self) -> bool:
        """The log grows; false."""
        return all(self.log[i] <= self.log[i + 1] for i in range(len(self.log) - 1))

    @invariant
    def undefined(self) -> bool:
        """An invariant that cannot always be evaluated is not true."""
        return len(self.log) == 0 or self.log[1] != 2

    @reachable
    def full(self) -> bool:
        """Three different ones."""
        return len(self.queue) == 3 and min((x for x in self.log), default=2) == 1


class Sets(Machine):
    """Sets with one bit a value."""

    up: Set[Peer]
    colors: Set[Color]
    letters: Set[Letter]
    best: Annotated[int, Range(0, 3)] = 0

    @action
    def join(self, p: Peer) -> None:
        """In."""
        require(p not in self.up)
        self.up.add(p)

    @action
    def leave(self, p: Peer) -> None:
        """Out; a defect where it is not in."""
        require(len(self.up) > 1 or Color.BLUE in self.colors)
        self.up.remove(p)

    @action
    def paint(self, c: Color) -> None:
        """Set operations, and a comprehension."""
        self.colors = (self.colors | Set({c})) - Set({Color.RED})
        self.letters = Set({Letter(n, c in self.colors) for n in Node if len(self.up) > int(n)})

    @action
    def mix(self, p: Peer) -> None:
        """A comprehension over two sets; the greatest of some."""
        require(self.colors <= Set({Color.GREEN, Color.BLUE}))
        require(self.colors & Set({Color.GREEN}) != Set())
        chosen = Set({Letter(n, p in self.up) for n in Node for c in self.colors if n != Node(0)})
        self.letters = self.letters | chosen
        self.best = max((int(x.to) + 1 for x in self.letters if x.urgent), default=0)

    @action
    def drop(self, letter: Letter) -> None:
        """Nothing happens where it is not in."""
        require(len(self.letters) > 1)
        self.letters.discard(letter)
        for each_one in self.letters:
            if each_one.urgent:
                self.up.clear()

    @invariant
    def few(self) -> bool:
        """False."""
        return len(self.letters) < 3

    @terminal
    def never(self) -> bool:
        """Something can always happen."""
        return False


class Packet(Record):
    """Too many of them for a bit each."""

    route: Annotated[Seq[Node], Capacity(2)]
    kind: Talk


def heat(packet: Packet) -> Color:
    """A helper."""
    return Color.RED if packet.kind == Answer(Color.RED) else Color.GREEN


class Net(Machine):
    """A wide set and a bag, of what has many values; choices from them."""

    sent: Annotated[Set[Packet], Capacity("Sent")]
    bag: Annotated[Bag[Packet], Capacity(2)]
    last: Annotated[Bag[Color], Capacity(3)]

    @action
    def send(self, n: Node, color: Color | None) -> None:
        """A new packet; past the capacity it is not explored."""
        route: Annotated[Seq[Node], Capacity(2)] = Seq([n])
        self.sent.add(Packet(route, Answer(color)))

    @action
    def hop(self, p: Packet, n: Node) -> None:
        """An element is taken out and put in with a longer route."""
        require(p in self.sent)
        require(len(p.route) < 2)
        self.sent.remove(p)
        self.sent.add(Packet(p.route + Seq([n]), p.kind))

    @action
    def repeat(self, p: Packet) -> None:
        """The same twice."""
        require(p in self.sent)
        self.bag.add(p)
        if self.bag.count(p) > 1:
            self.sent = self.sent - Set({p})
        for q in self.bag:
            self.last.add(Color.RED if q == p else Color.BLUE)

    @action
    def lose(self, p: Packet) -> None:
        """Taken out of the bag, where it may not be: a defect."""
        require(p in self.sent)
        require(len(self.bag) > 0)
        self.bag.remove(p)
        self.last = Bag([heat(q) for q in self.sent if q != p])

    @reachable
    def twice(self) -> bool:
        """Two of a kind."""
        return any(self.bag.count(p) == 2 for p in self.bag)

    @invariant
    def simple(self) -> bool:
        """Everything that was sent is an answer; true."""
        return all(isinstance(p.kind, Answer) for p in self.sent)

    @invariant
    def uniform(self) -> bool:
        """False."""
        return len(self.last) < 2 or self.last.count(Color.RED) != 1


M = TypeVar("M")


class Wire(Part, Generic[M]):
    """A part with an action of its own."""

    packets: Bag[M]
    lost: Annotated[int, Range(0, 1)] = 0

    def send(self, packet: M) -> None:
        """What the machine calls."""
        self.packets.add(packet)

    @action
    def lose(self, m: M) -> None:
        """One is lost."""
        require(m in self.packets)
        require(self.lost == 0)
        self.packets.remove(m)
        self.lost += 1


class Store(Part):
    """A part in a map of parts, with a part in it."""

    mode: Color = Color.RED
    seen: Set[Color]
    inner: Map[Peer, bool] = each(False)

    @action
    def wake(self) -> None:
        """An action of each."""
        require(self.mode is Color.RED)
        self.mode = Color.GREEN

    def reset(self) -> None:
        """A helper that changes the part."""
        self.mode = Color.RED
        self.seen.clear()
        self.inner = each(False)


class Parts(Machine):
    """Parts in parts, places through local names, a channel."""

    stores: Map[Node, Store]
    wire: Annotated[Wire[Letter], Capacity(2)]
    total: Annotated[int, Counter("Total")] = 0

    @action
    def write(self, n: Node, p: Peer) -> None:
        """Through a local name."""
        me = self.stores[n]
        require(me.mode is Color.GREEN)
        require(not me.inner[p])
        me.inner[p] = True
        self.wire.send(Letter(n, all(me.inner.values())))

    @action
    def arrive(self, m: Letter) -> None:
        """Everyone hears of it."""
        require(m in self.wire.packets)
        self.wire.packets.remove(m)
        for n in Node:
            if n != m.to:
                self.stores[n].seen.add(self.stores[m.to].mode)
                if m.urgent:
                    self.stores[n].reset()
        self.total += len(self.stores[m.to].seen)

    @invariant
    def alone(self) -> bool:
        """False."""
        return not all(self.stores[n].mode is Color.GREEN for n in Node)

    @step
    def grows(self, after: Self) -> bool:
        """False: a reset takes out."""
        return all(self.stores[n].seen <= after.stores[n].seen for n in Node)

    @reachable
    def heard(self) -> bool:
        """Something was heard."""
        return any(store.seen != Set() for store in self.stores.values())


class Stops(Machine):
    """It ends, not where it should; one step before the end there is a bound, which is no end."""

    n: Annotated[int, Range(0, 2)] = 0
    c: Annotated[int, Counter("Ticks")] = 0

    @action
    def count(self) -> None:
        """A bound."""
        require(self.n == 0)
        self.c += 1

    @action
    def stop(self) -> None:
        """Nothing is possible any more."""
        require(self.c == 1 and self.n == 0)
        self.n = 2 - self.n

    @terminal
    def at_one(self) -> bool:
        """False."""
        return self.n == 1
