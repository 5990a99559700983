"""What is fed: functions of some bytes, each a way by which a client's bytes come in.

A target returns, or raises what its module documents for bytes that it refuses; that is what
`ALLOWED` lists.  Anything else that escapes is a fault of the broker, and so is whatever a target
asserts: that what was read can be written again, that offsets stay within their batch, that work
and memory are bounded by limits that are written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from broker import patterns
from broker.errors import Refused
from broker.groups.classic.group import subscribed_topics
from broker.groups.records import decode as group_record
from broker.sansio import Record
from broker.schema import Damaged
from broker.transactions.records import decode as transaction_record
from broker.wire import batches, records
from broker.wire.apis import request_decoder
from broker.wire.codec import MOST_ITEMS, Malformed, Struct
from broker.wire.frames import Unsupported, read_header
from tests.broker.fuzz.dispatched import dispatched


@dataclass(frozen=True)
class Target:
    """A way in.

    refusals  what it may raise
    """

    feed: Callable[[bytes], None]
    refusals: tuple[type[Exception], ...]

    def __call__(self, data: bytes) -> bool:
        """Whether the bytes were accepted."""
        try:
            self.feed(data)
        except self.refusals:
            return False
        return True


def _items(value: object) -> int:
    """How many items the arrays of a message have together."""
    if isinstance(value, Struct):
        return sum(_items(each) for each in value.__dict__.values())
    if isinstance(value, list):
        return len(value) + sum(_items(each) for each in value)
    return 0


def request(data: bytes) -> None:
    """A frame, without its length: a header and a body."""
    frame = memoryview(bytearray(data))
    header = read_header(frame)
    if header.api.serves(header.version):
        body = request_decoder(header.api.key, header.version)(frame, header.body)
        assert _items(body) <= MOST_ITEMS


def batch(data: bytes) -> None:
    """A batch, from a producer into a log of any kind, and what compaction makes of it."""
    view = memoryview(bytearray(data))
    for _, header in batches.walk(view):
        assert header.size <= len(view)
    header = batches.from_producer(view)
    assert batches.checked(view) == header
    batches.assign(view, 1_000_000, 7)
    moved = batches.checked(view)
    assert (moved.base_offset, moved.leader_epoch) == (1_000_000, 7)
    found = records.read_records(view)
    assert len(found) == header.records
    for record in found:
        assert moved.base_offset <= record.offset <= moved.last_offset
    kept = found[::2]
    rebuilt = records.rebuild(moved, kept, horizon=2000)
    again = records.read_records(rebuilt)
    assert [_content(record) for record in again] == [_content(record) for record in kept]


def _content(record: records.LogRecord) -> tuple[object, ...]:
    return record.offset, record.timestamp, record.key, record.value, record.rest


def compressed(data: bytes) -> None:
    """A codec's number, and bytes that it is said to have compressed."""
    found = records.decompress(data[0] % 8 if data else 0, data[1:])
    assert len(found) <= records.LIMIT


def stored(data: bytes) -> None:
    """A record of a coordinator's topic: the length of its key, the key, its value."""
    size = data[0] if data else 0
    record = Record(data[1 : 1 + size], data[1 + size :] or None)
    for decode in (group_record, transaction_record):
        try:
            decode(record)
        except Damaged:
            continue


def pattern(data: bytes) -> None:
    """A subscription by regular expression, and a name to hold it against."""
    text, _, name = data.decode("utf-8", "replace").partition("\0")
    patterns.matches(text, "".join(char for char in name if char in patterns.LEGAL)[:249])


TARGETS: Mapping[str, Target] = MappingProxyType(
    {
        "request": Target(request, (Malformed, Unsupported)),
        "batch": Target(batch, (batches.Corrupt, Refused)),
        "compressed": Target(compressed, (batches.Corrupt,)),
        "stored": Target(stored, ()),
        "subscription": Target(lambda data: void(subscribed_topics(data)), (Damaged,)),
        "dispatch": Target(dispatched, (Malformed, Unsupported)),
        "pattern": Target(pattern, (patterns.Invalid,)),
    }
)


def void(value: object) -> None:
    """Let a value be enough."""
    del value
