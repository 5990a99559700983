"""Transcripts: what a core is given, line by line, and all that it says to it.

    > join group=g protocols=range
    1: JoinGroupResponse error=MEMBER_ID_REQUIRED member_id=c-1
    timer 6000: SessionDue group=g member=c-1

A line with `>` is given; the lines after it are what follows.  To write what follows anew, after
a change that is meant, and to read the difference before it is committed:

    VERDICT_REWRITE=1 make test ARGS=tests/broker
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from broker.sansio import Append, CancelTimer, Forget, Record, Reply, SetTimer

Give = Callable[[str, dict[str, str]], Sequence[object]]
Decode = Callable[[Record], tuple[Any, Any] | None]


def shown(value: object) -> str:
    """A value on one line; what has its default is left out."""
    if isinstance(value, Enum):
        return value.name
    if is_dataclass(value) and not isinstance(value, type):
        return " ".join([type(value).__name__, *_attributes(value)])
    if isinstance(value, list | tuple | frozenset | set):
        items = sorted(value) if isinstance(value, frozenset | set) else value
        return "[" + ", ".join(map(shown, items)) + "]"
    if isinstance(value, bytes):
        return (
            "".join(chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}" for byte in value) or "b''"
        )
    return str(value) if value != "" else "''"


def _attributes(value: Any) -> Iterator[str]:
    for each in fields(value):
        item = getattr(value, each.name)
        default = each.default_factory() if each.default_factory is not MISSING else each.default
        if item != default:
            yield f"{each.name}={shown(item)}"


def said(output: object, decode: Decode) -> Iterator[str]:
    """An output, in lines."""
    match output:
        case Reply(token, response):
            yield f"{token}: {shown(response)}"
        case Forget(token):
            yield f"{token}: no answer"
        case SetTimer(timer, at):
            yield f"timer {at}: {shown(timer)}"
        case CancelTimer(timer):
            yield f"no timer: {shown(timer)}"
        case Append(ticket, records, producer):
            yield f"append to {ticket[0]}" + (f" by {shown(producer)}" if producer else "")
            for record in records:
                decoded = decode(record)
                assert decoded is not None
                yield f"    {shown(decoded[0])} -> {shown(decoded[1])}"
        case _:
            yield shown(output)


def arguments(line: str) -> tuple[str, dict[str, str]]:
    """A given line's verb, and what it says."""
    verb, *rest = shlex.split(line)
    return verb, dict(word.split("=", 1) for word in rest)


def check(path: Path, give: Give, decode: Decode) -> None:
    """Give the core what the transcript says, and compare all that follows."""
    written = path.read_text(encoding="utf-8")
    lines: list[str] = []
    for line in written.splitlines():
        if line.startswith("> "):
            lines.append(line)
            outputs = give(*arguments(line[2:]))
            lines += [text for output in outputs for text in said(output, decode)]
        elif line.startswith("#") or not line:
            lines.append(line)
    happened = "\n".join(lines) + "\n"
    if "VERDICT_REWRITE" in os.environ:
        path.write_text(happened, encoding="utf-8")
    else:
        assert happened == written
