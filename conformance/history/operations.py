"""What clients did, operation by operation: the words of a history, and its lines.

A history is a sequence of operations in the order in which their outcomes became known to one
recorder: if the answer to one was there before another was asked for, its line comes first.  Each
is a line of JSON: `{"op": "send", "process": "producer-0", …}`, with the fields of the class that
`OPERATIONS` names.  Fields that have a default may be left out.

A *process* is one client that does one thing after another: a producer, a consumer, or a pair of
both that works in transactions.  A client that crashed comes back as another process.  Every value
that is sent is unique in its history: by its value a record is known wherever it turns up.

What became of an operation is `ok` (acknowledged), `failed` (it certainly had no effect) or
`unknown` (no answer: it may have had one).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from checker.errors import TraceError

RESULTS = ("ok", "failed", "unknown")
ISOLATIONS = ("read_uncommitted", "read_committed")


class Place(NamedTuple):
    """A partition of a topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}-{self.partition}"


class Polled(NamedTuple):
    """A record as a poll returned it."""

    topic: str
    partition: int
    offset: int
    value: str

    @property
    def place(self) -> Place:
        """Its partition."""
        return Place(self.topic, self.partition)


class Offset(NamedTuple):
    """A partition, and an offset in it: the next record to read."""

    topic: str
    partition: int
    offset: int

    @property
    def place(self) -> Place:
        """The partition."""
        return Place(self.topic, self.partition)


@dataclass(frozen=True)
class Open:
    """A consumer with an isolation level begins; one that is not opened reads uncommitted."""

    process: str
    isolation: str = ISOLATIONS[0]


@dataclass(frozen=True)
class Send:
    """A record was handed to a producer, and this became of it.

    number       the how-manieth send of its process: answers may come in another order
    offset       where it was put, if that was told
    transaction  the one that it belongs to, if any; its name is unique in the history
    """

    process: str
    number: int
    topic: str
    partition: int
    value: str
    result: str = "ok"
    offset: int | None = None
    transaction: str | None = None

    @property
    def place(self) -> Place:
        """The partition that it was sent to."""
        return Place(self.topic, self.partition)


@dataclass(frozen=True)
class Poll:
    """A poll returned records, in this order.  From then on it is *in progress*: see Processed."""

    process: str
    records: tuple[Polled, ...]
    transaction: str | None = None


@dataclass(frozen=True)
class Processed:
    """Of the poll in progress, all records below these offsets have been processed."""

    process: str
    offsets: tuple[Offset, ...]


@dataclass(frozen=True)
class Move:
    """Partitions were given to a consumer or taken from it, or it chose another offset in them.

    how    assign; revoke: it gives them up, and nobody has had them meanwhile; lose: it was told
           that they are others' by now; or seek
    group  whose member it is, where the group assigns
    """

    how: str
    process: str
    partitions: tuple[Place, ...]
    group: str | None = None


@dataclass(frozen=True)
class Complete:
    """A consumer has read everything that is in these partitions, while nobody wrote there."""

    process: str
    partitions: tuple[Place, ...]


@dataclass(frozen=True)
class Commit:
    """A consumer committed offsets for its group, by itself or as part of a transaction."""

    process: str
    group: str
    offsets: tuple[Offset, ...]
    result: str = "ok"
    transaction: str | None = None


@dataclass(frozen=True)
class Committed:
    """Somebody asked which offsets a group has committed, while nobody was committing any."""

    process: str
    group: str
    offsets: tuple[Offset, ...]


@dataclass(frozen=True)
class End:
    """A transaction was to end: `outcome` is commit or abort."""

    process: str
    transaction: str
    outcome: str
    result: str = "ok"


@dataclass(frozen=True)
class Crash:
    """A process, or the broker, ended without warning."""

    process: str


Operation = Open | Send | Poll | Processed | Move | Complete | Commit | Committed | End | Crash

History = Sequence[Operation]
"""Operations in order.  Line n of a file, counted from 1, is the operation at n - 1."""

MOVES = ("assign", "revoke", "lose", "seek")
OPERATIONS: Mapping[str, type[Operation]] = MappingProxyType(
    {
        "open": Open,
        "send": Send,
        "poll": Poll,
        "processed": Processed,
        **dict.fromkeys(MOVES, Move),
        "complete": Complete,
        "commit": Commit,
        "committed": Committed,
        "end": End,
        "crash": Crash,
    }
)
NAMES: Mapping[type[Operation], str] = MappingProxyType(
    {cls: name for name, cls in OPERATIONS.items() if cls is not Move}
)


def line(operation: Operation) -> str:
    """An operation as its line of JSON, without the line's end."""
    found = {field.name: getattr(operation, field.name) for field in fields(operation)}
    name = found.pop("how", None) or NAMES[type(operation)]
    kept = {key: value for key, value in found.items() if value is not None}
    return json.dumps({"op": name, **kept}, ensure_ascii=False, separators=(",", ":"))


def read(path: Path) -> list[Operation]:
    """The history in a file; TraceError with the line where it is none."""
    try:
        with path.open(encoding="utf-8") as text:
            return parse(text, str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise TraceError(
            f"{path} cannot be read: {error}", hint="give a file of JSON lines"
        ) from None


def parse(lines: Iterable[str], name: str = "history") -> list[Operation]:
    """The history in lines of JSON; TraceError with the line's number where one is damaged."""
    found = []
    for number, text in enumerate(lines, start=1):
        try:
            found.append(_operation(json.loads(text)))
        except (ValueError, KeyError, TypeError) as error:
            raise TraceError(
                f"{name}:{number}: {_complaint(error)}",
                hint="docs/history.md tells what each line is",
            ) from None
    return found


def _complaint(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"no JSON: {error.msg}"
    return str(error.args[0]) if error.args else type(error).__name__


def _operation(told: Any) -> Operation:
    if not isinstance(told, dict) or not isinstance(told.get("op"), str):
        raise TypeError('an operation is an object with an "op"')
    name = told.pop("op")
    if name not in OPERATIONS:
        raise KeyError(f"there is no operation {name!r}; known are {', '.join(OPERATIONS)}")
    cls = OPERATIONS[name]
    if cls is Move:
        told["how"] = name
    known = {field.name for field in fields(cls)}
    if strange := told.keys() - known:
        raise KeyError(f"a {name} has no {min(strange)!r}")
    try:
        return cls(**{key: FIELDS[key](key, value) for key, value in told.items()})
    except TypeError as error:
        missing = str(error).rpartition(": ")[2] if "missing" in str(error) else ""
        raise TypeError(f"a {name} lacks {missing}" if missing else str(error)) from None


# ------------------------------------------------------------ the values of fields


def _string(key: str, value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{key} is a string, not {value!r}")
    return value


def _natural(key: str, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError(f"{key} is a number from 0 on, not {value!r}")
    return value


def _one_of(*words: str) -> Callable[[str, Any], str]:
    def parse_word(key: str, value: Any) -> str:
        if value not in words:
            raise ValueError(f"{key} is one of {', '.join(words)}, not {value!r}")
        return str(value)

    return parse_word


def _tuples(cls: Any) -> Callable[[str, Any], tuple[Any, ...]]:
    def parse_list(key: str, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise TypeError(f"{key} is a list, not {value!r}")
        return tuple(_tuple(cls, key, item) for item in value)

    return parse_list


def _tuple(cls: Any, key: str, value: Any) -> Any:
    names = cls._fields
    if not isinstance(value, list) or len(value) != len(names):
        raise TypeError(f"{key} has [{', '.join(names)}] for each, not {value!r}")
    return cls(*(FIELDS[name](name, part) for name, part in zip(names, value, strict=True)))


FIELDS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "process": _string,
        "topic": _string,
        "value": _string,
        "group": _string,
        "transaction": lambda key, value: None if value is None else _string(key, value),
        "number": _natural,
        "partition": _natural,
        "offset": lambda key, value: None if value is None else _natural(key, value),
        "result": _one_of(*RESULTS),
        "isolation": _one_of(*ISOLATIONS),
        "outcome": _one_of("commit", "abort"),
        "how": _one_of(*MOVES),
        "records": _tuples(Polled),
        "offsets": _tuples(Offset),
        "partitions": _tuples(Place),
    }
)
