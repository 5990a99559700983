"""What generated code calls: operations on packed collections, and the ways to leave an action.

Collections arrive as integers made of slots of `width` bits (see `engines.layout`), with room
for `capacity` elements; elements as `code + 1`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator


class Signal(Exception):  # noqa: N818 - an outcome
    """An action that cannot be finished: a bound or a defect.

    Which of them, and why, is told by the reference evaluator, which repeats the step.
    """


def stop() -> int:
    """Leave the action."""
    raise Signal


def slots(packed: int, width: int) -> list[int]:
    """The elements, from the last slot to the first; empty slots are left out."""
    mask = (1 << width) - 1
    found = []
    while packed:
        if code := packed & mask:
            found.append(code)
        packed >>= width
    return found


def joined(codes: Iterable[int], width: int, capacity: int) -> int:
    """Slots from their elements, first to last; Signal where there are too many."""
    packed, count = 0, 0
    for code in codes:
        packed = packed << width | code
        count += 1
    if count > capacity:
        raise Signal
    return packed << width * (capacity - count)


def length(packed: int, width: int, capacity: int) -> int:
    """How many slots are taken."""
    if not packed:
        return 0
    return capacity - ((packed & -packed).bit_length() - 1) // width


def elements(packed: int, width: int) -> Iterator[int]:
    """The codes of a sequence's elements in order, or of a bag's from the largest."""
    return (code - 1 for code in reversed(slots(packed, width)))


def ascending(packed: int, width: int) -> Iterator[int]:
    """The codes of a set's or bag's distinct elements, the least first."""
    last = 0
    for code in slots(packed, width):
        if code != last:
            yield code - 1
        last = code


def bits(packed: int) -> Iterator[int]:
    """The numbers of a set's elements, where it has one bit a value."""
    number = 0
    while packed:
        if packed & 1:
            yield number
        packed >>= 1
        number += 1


def contains(packed: int, code: int, width: int) -> bool:
    """Whether an element is in some slot."""
    mask = (1 << width) - 1
    while packed:
        if packed & mask == code:
            return True
        packed >>= width
    return False


def count(packed: int, code: int, width: int) -> int:
    """How many slots an element is in."""
    return slots(packed, width).count(code)


def insert(packed: int, code: int, width: int, capacity: int, *, once: bool) -> int:
    """A bag or set (`once`) with one more element; Signal where it is full."""
    codes = slots(packed, width)
    if once and code in codes:
        return packed
    codes.append(code)
    codes.sort(reverse=True)
    return joined(codes, width, capacity)


def discard(packed: int, code: int, width: int, capacity: int) -> int:
    """A bag or set without one occurrence of an element, where it is there."""
    codes = slots(packed, width)
    if code not in codes:
        return packed
    codes.remove(code)
    codes.reverse()
    return joined(codes, width, capacity)


def remove(packed: int, code: int, width: int, capacity: int) -> int:
    """A bag or set without one occurrence of an element; Signal where it is not there."""
    if not contains(packed, code, width):
        raise Signal
    return discard(packed, code, width, capacity)


def gathered(codes: Iterable[int], width: int, capacity: int, *, once: bool) -> int:
    """A bag or set (`once`) of elements in any order; Signal where there are too many."""
    return joined(sorted(set(codes) if once else codes, reverse=True), width, capacity)


def append(packed: int, code: int, width: int, capacity: int) -> int:
    """A sequence with one more element; Signal where it is full."""
    taken = length(packed, width, capacity)
    if taken == capacity:
        raise Signal
    return packed | code << width * (capacity - 1 - taken)


def at(packed: int, index: int, width: int, capacity: int) -> int:
    """The code of a sequence's element; Signal outside it."""
    if not 0 <= index < capacity:
        raise Signal
    found = packed >> width * (capacity - 1 - index) & ((1 << width) - 1)
    if not found:
        raise Signal
    return found - 1


def put(packed: int, index: int, code: int, width: int, capacity: int) -> int:
    """A sequence with another element at an index; Signal outside it."""
    old = at(packed, index, width, capacity) + 1
    return packed + ((code - old) << width * (capacity - 1 - index))


def rest(packed: int, width: int, capacity: int) -> int:
    """A sequence without its first element; Signal where it has none."""
    if not packed:
        raise Signal
    return packed << width & ((1 << width * capacity) - 1)


def front(packed: int, width: int, capacity: int) -> int:
    """A sequence without its last element; Signal where it has none."""
    if not packed:
        raise Signal
    return prefix(packed, length(packed, width, capacity) - 1, width, capacity)


def prefix(packed: int, size: int, width: int, capacity: int) -> int:
    """The first elements of a sequence; Signal where `size` is negative."""
    if size < 0:
        raise Signal
    if size >= capacity:
        return packed
    gone = width * (capacity - size)
    return packed >> gone << gone


def fit(packed: int, width: int, old: int, new: int) -> int:
    """Slots for `old` elements as slots for `new`; Signal where they do not hold them."""
    if new >= old:
        return packed << width * (new - old)
    gone = width * (old - new)
    if packed & ((1 << gone) - 1):
        raise Signal
    return packed >> gone


def lowest(found: Iterable[int], default: Callable[[], int] = stop) -> int:
    """The least of some integers, or the default where there are none."""
    least = min(found, default=None)
    return default() if least is None else least


def highest(found: Iterable[int], default: Callable[[], int] = stop) -> int:
    """The greatest of some integers, or the default where there are none."""
    greatest = max(found, default=None)
    return default() if greatest is None else greatest


def flat(found: Iterable[int]) -> int:
    """The union of sets that have one bit a value."""
    whole = 0
    for one in found:
        whole |= one
    return whole


def spread(found: Iterable[int], width: int) -> Iterator[int]:
    """The elements of sets, one set after the other, as they stand in slots."""
    for packed in found:
        yield from slots(packed, width)


def number(index: int, size: int) -> int:
    """An integer as an index; Signal outside the domain."""
    if not 0 <= index < size:
        raise Signal
    return index
