"""Small histories by hand, one for each anomaly, each with a near miss.

The topic is t, its only partition 0.  A value is a letter; records at offsets are written `a@0`.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.history import (
    Commit,
    Committed,
    Complete,
    Crash,
    End,
    Move,
    Open,
    Operation,
    Place,
    Poll,
    Polled,
    Processed,
    Send,
)
from conformance.history.operations import Offset

PLACE = Place("t", 0)


def at(word: str) -> tuple[str, int]:
    value, _, offset = word.partition("@")
    return value, int(offset)


def sends(*words: str, process: str = "p", first: int = 0, into: str | None = None) -> list[Send]:
    """Acknowledged sends of one process, in this order."""
    return [
        Send(process, first + n, "t", 0, value, "ok", offset, into)
        for n, (value, offset) in enumerate(map(at, words))
    ]


def sent(value: str, result: str, into: str | None = None, number: int = 90) -> Send:
    """A send that was not acknowledged."""
    return Send("p", number, "t", 0, value, result, None, into)


def poll(*words: str, process: str = "c", inside: str | None = None) -> Poll:
    """A poll that returned these."""
    return Poll(process, tuple(Polled("t", 0, o, v) for v, o in map(at, words)), inside)


def offsets(offset: int) -> tuple[Offset, ...]:
    return (Offset("t", 0, offset),)


def commit(offset: int, result: str = "ok", inside: str | None = None) -> Commit:
    return Commit("c", "g", offsets(offset), result, inside)


def committed(offset: int) -> Committed:
    return Committed("reader", "g", offsets(offset))


def processed(offset: int) -> Processed:
    return Processed("c", offsets(offset))


def moved(how: str) -> Move:
    return Move(how, "c", (PLACE,))


def member(how: str, process: str = "c") -> Move:
    return Move(how, process, (PLACE,), "g")


CAREFUL = Open("c", "read_committed")
EVERYTHING = Complete("all", (PLACE,))
ALL = poll("a@0", "b@1", "c@2", process="all")


@dataclass(frozen=True)
class Case:
    """A history that shows one anomaly, and one that comes near and shows none.

    lines  where it is shown
    """

    kind: str
    shown: list[Operation]
    lines: tuple[int, ...]
    near: list[Operation]


CASES = [
    Case(
        "inconsistent-offsets",
        [*sends("a@0"), poll("a@0"), poll("b@0", process="d")],
        (1, 3),
        [*sends("a@0"), poll("a@0"), poll("a@0", process="d")],
    ),
    Case(
        "duplicate",
        [*sends("a@0"), poll("a@0", "a@1")],
        (1, 2),
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), moved("assign"), poll("a@0", "b@1")],
    ),
    Case(
        "lost-write",
        [*sends("a@0", "b@1", "c@2"), poll("a@0"), moved("assign"), poll("c@2")],
        (2,),
        [*sends("a@0", "c@2"), sent("b", "unknown"), poll("a@0", "c@2")],
    ),
    Case(
        "lost-write",
        [
            *sends("b@1", process="q", into="q/0"),
            End("q", "q/0", "commit"),
            *sends("a@0", "c@2"),
            poll("a@0", process="d"),
            poll("c@2"),
        ],
        (1,),
        [
            *sends("b@1", process="q", into="q/0"),
            End("q", "q/0", "commit", "unknown"),
            *sends("a@0", "c@2"),
            poll("a@0", process="d"),
            poll("c@2"),
        ],
    ),
    Case(
        "unseen",
        [*sends("a@0", "b@1"), poll("a@0")],
        (2,),
        [*sends("a@0"), sent("b", "unknown"), poll("a@0")],
    ),
    Case(
        "vanished",
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), poll("a@0", process="all"), EVERYTHING],
        (2, 3, 5),
        [*sends("a@0"), sent("b", "unknown"), poll("a@0", "b@1"), poll("a@0", process="all"),
         EVERYTHING],
    ),
    Case(
        "aborted-read",
        [*sends("a@0"), sent("b", "failed"), poll("a@0", "b@1")],
        (2, 3),
        [*sends("a@0"), sent("b", "unknown"), poll("a@0", "b@1")],
    ),
    Case(
        "aborted-read",
        [CAREFUL, *sends("a@0", into="p/0"), End("p", "p/0", "abort"), poll("a@0")],
        (2, 4),
        [*sends("a@0", into="p/0"), End("p", "p/0", "abort"), poll("a@0")],
    ),
    Case(
        "precommitted-read",
        [CAREFUL, *sends("a@0", into="x"), poll("a@0", inside="x"), End("p", "x", "commit")],
        (2, 3),
        [CAREFUL, *sends("a@0", into="x"), End("p", "x", "commit"), poll("a@0", inside="y")],
    ),
    Case(
        "int-poll-skip",
        [*sends("a@0", "b@1", "c@2"), ALL, poll("a@0", "c@2")],
        (5,),
        [*sends("a@0"), *sends("c@2", first=1), poll("a@0", "c@2")],
    ),
    Case(
        "int-poll-skip",
        [
            *sends("b@1", process="q", into="x"),
            End("q", "x", "abort"),
            *sends("a@0", "c@2"),
            ALL,
            poll("a@0", "c@2"),
        ],
        (6,),
        [
            CAREFUL,
            *sends("b@1", process="q", into="x"),
            End("q", "x", "abort"),
            *sends("a@0", "c@2"),
            ALL,
            poll("a@0", "c@2"),
        ],
    ),
    Case(
        "int-nonmonotonic-poll",
        [*sends("a@0", "b@1"), poll("b@1", "a@0")],
        (3,),
        [*sends("a@0", "b@1"), poll("a@0", "b@1")],
    ),
    Case(
        "poll-skip",
        [*sends("a@0", "b@1", "c@2"), ALL, poll("a@0"), poll("c@2")],
        (5, 6),
        [*sends("a@0", "b@1", "c@2"), ALL, poll("a@0"), moved("assign"), poll("c@2")],
    ),
    Case(
        "nonmonotonic-poll",
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), poll("b@1")],
        (3, 4),
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), moved("seek"), poll("b@1")],
    ),
    Case(
        "nonmonotonic-poll",
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), poll("a@0")],
        (3, 4),
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), Crash("c"), poll("a@0")],
    ),
    Case(
        "int-send-skip",
        [*sends("b@1", process="q"), *sends("a@0", "c@2", into="x"), End("p", "x", "commit"), ALL],
        (2, 3),
        [*sends("b@0", process="q"), *sends("a@1", "c@2", into="x"), End("p", "x", "commit"),
         poll("b@0", "a@1", "c@2")],
    ),
    Case(
        "int-nonmonotonic-send",
        [*sends("b@1", "a@0", into="x"), End("p", "x", "commit"), poll("a@0", "b@1")],
        (1, 2),
        [*sends("a@0", into="x", first=0), *sends("b@1", into="x", first=1),
         End("p", "x", "commit"), poll("a@0", "b@1")],
    ),
    Case(
        "send-skip",
        [*sends("b@1", process="q"), *sends("a@0", "c@2"), ALL],
        (2, 3),
        [*sends("c@2", process="q"), *sends("a@0", "b@1"), ALL],
    ),
    Case(
        "nonmonotonic-send",
        [*sends("b@1", "a@0"), poll("a@0", "b@1")],
        (1, 2),
        [*sends("b@1", first=1), *sends("a@0", first=0), poll("a@0", "b@1")],
    ),
    Case(
        "committed-too-far",
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), processed(1), commit(2)],
        (3, 5),
        [*sends("a@0", "b@1"), poll("a@0", "b@1"), processed(2), commit(2)],
    ),
    Case(
        "committed-too-far",
        [*sends("a@0"), poll("a@0"), commit(1)],
        (2, 3),
        [*sends("a@0"), poll("a@0"), commit(1, "failed"), commit(0)],
    ),
    Case(
        "committed-went-back",
        [commit(3), commit(5), committed(3)],
        (2, 3),
        [commit(5), commit(3), committed(3)],
    ),
    Case(
        "committed-went-back",
        [commit(5), commit(3, "failed"), committed(3)],
        (1, 3),
        [commit(5), commit(3, "unknown"), committed(3)],
    ),
    Case(
        "committed-went-back",
        [commit(3), commit(5, inside="x"), End("c", "x", "commit"), committed(3)],
        (3, 4),
        [commit(3), commit(5, inside="x"), End("c", "x", "abort"), committed(3)],
    ),
    Case(
        "owned-twice",
        [member("assign"), member("assign", "d"), member("revoke")],
        (1, 2, 3),
        [member("assign"), member("revoke"), member("assign", "d"), member("assign", "d")],
    ),
    Case(
        "owned-twice",
        [member("assign"), member("assign", "d")],
        (1, 2),
        [member("assign"), member("assign", "d"), member("lose")],
    ),
    Case(
        "owned-twice",
        [member("assign"), Crash("d"), member("assign", "d")],
        (1, 3),
        [member("assign"), Crash("c"), member("assign", "d")],
    ),
    Case(
        "late-commit",
        [member("assign"), member("assign", "d"), processed(1), commit(1), member("lose")],
        (2, 3, 4),
        [member("assign"), processed(1), member("assign", "d"), commit(1), processed(2),
         commit(2, "failed"), member("lose")],
    ),
]  # fmt: skip
