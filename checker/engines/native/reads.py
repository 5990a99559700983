"""What is read of a state and written to it, as bits.

A step that leaves the bits as they are that a property reads of the state after is, for the
property, a step that changes nothing; what is said of that needs to be computed once a state.
For a specification, it is a step that it does not see.  And what has changed for a specification
can only be the work of an action that writes all the bits that differ.

A path may lie in several places, as many as its keys can have values.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from checker.engines.native.words import WORD, Room, address, item_address
from checker.language.ir import Assign, At, Const, Expr, Get, Let, Node, Stmt, Var, children, walk
from checker.language.types import MapType, StructType


def bits_read(nodes: Iterable[Node], root: str, state: Room) -> int:
    """The bits of the state `root` that the nodes may read; bit b is in word b / 64."""
    found = 0
    for node in nodes:
        places = _places(node, root, state) if isinstance(node, Get | At | Var) else None
        if places is None:
            found |= bits_read(children(node), root, state)
        else:
            found |= _bits(places) | bits_read(_keys(node), root, state)
    return found


def bits_written(body: tuple[Stmt, ...], root: str, state: Room, known: Mapping[str, int]) -> int:
    """The bits of the state `root` that statements may write; `known` numbers some variables."""
    inside = [node for statement in body for node in walk(statement)]
    given = Counter(node.name for node in inside if isinstance(node, Let))
    numbers = dict(known)
    for node in inside:
        if isinstance(node, Let) and given[node.name] == 1 and isinstance(node.value, Var):
            number = numbers.get(node.value.name)
            if number is not None:
                numbers[node.name] = number
    found = 0
    for node in inside:
        if isinstance(node, Assign):
            found |= _bits(_places(node.place, root, state, numbers) or [])
    return found


def _bits(places: Iterable[tuple[int, Room]]) -> int:
    found = 0
    for place, room in places:
        found |= (1 << (WORD * room.words or room.width)) - 1 << place
    return found


def changed(mask: int, words: int) -> str:
    """A condition of C: whether the states `s` and `t` differ in these bits."""
    parts = (mask >> WORD * word & (1 << WORD) - 1 for word in range(words))
    tests = [f"((s[{n}] ^ t[{n}]) & {part:#x}ULL)" for n, part in enumerate(parts) if part]
    return f"({' | '.join(tests) or 0})"


NOTHING: Mapping[str, int] = MappingProxyType({})


def _places(
    node: Node, root: str, state: Room, known: Mapping[str, int] = NOTHING
) -> list[tuple[int, Room]] | None:
    """Where what a path names may lie, in bits; None where it is no path from the root."""
    match node:
        case Var(name=name):
            return [(0, state)] if name == root else None
        case Get(base=base, name=name) if isinstance(base.type, StructType):
            places = _places(base, root, state, known)
            if places is None or _whole(places, base) or base.type.dense:  # then it is a number
                return places
            parts = [(place, room.component(name)) for place, room in places]
            return [(place + address(part), part.room) for place, part in parts]
        case At(base=base, key=key):
            places = _places(base, root, state, known)
            if places is None or not isinstance(base.type, MapType) or base.type.dense:
                return places
            if _whole(places, base):
                return places
            return [
                (place + item_address(room.row, number), room.row.item)
                for place, room in places
                if room.row is not None
                for number in _numbers(key, base.type, known)
            ]
        case _:
            return None


def _whole(places: list[tuple[int, Room]], base: Expr) -> bool:
    """Whether the places are of a collection as a whole, and the path is inside an element."""
    return any(room.type != base.type for _, room in places)


def _numbers(key: Expr, kind: MapType, known: Mapping[str, int]) -> Iterable[int]:
    """The numbers that a key of the map may have."""
    match key:
        case Const(value=value):
            return [kind.key.number(value)]
        case Var(type=own, name=name) if own == kind.key and name in known:
            return [known[name]]
        case _:
            return range(kind.key.count or 0)


def _keys(node: Node) -> list[Node]:
    """The keys on the way of a path."""
    found: list[Node] = []
    while isinstance(node, Get | At):
        if isinstance(node, At):
            found.append(node.key)
        node = node.base
    return found
