"""One function for a struct, in place of one for each of its fields.

A broker reads and writes small messages tens of thousands of times a second, and most of that is
calling functions.  So each struct's function is written as source, once: numbers that follow one
another are read together; strings, bytes and arrays of structs are read where they stand.  Only
what is plain is done so.  Where a length is null, too large, or of more than one byte, the field's
own function (its `step`, of `broker.wire.codec`) is called in its place, and says what is wrong.

A test reads and writes each message of each version both ways.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from textwrap import indent
from typing import Any


@dataclass(frozen=True)
class Part:
    """A field.

    step     reads it, (data, at) to the value and where it ends; or writes it, (out, value)
    kind     number, string, bytes, structs; anything else is left to its step
    form     of a number, as `struct` has it; of others, that of their length, unless it is compact
    item     the step of an array's item
    default  what is written where nothing is given
    """

    name: str
    step: Callable[..., Any]
    kind: str = ""
    form: str = ""
    item: Callable[..., Any] | None = None
    default: Any = None


def runs(parts: Sequence[Part]) -> list[list[Part]]:
    """The fields, with numbers that follow one another together."""
    found: list[list[Part]] = []
    for part in parts:
        if found and part.kind == found[-1][-1].kind == "number":
            found[-1].append(part)
        else:
            found.append([part])
    return found


def _numbers(run: Sequence[Part]) -> struct.Struct:
    return struct.Struct(">" + "".join(part.form for part in run))


def _made(lines: Sequence[str], names: dict[str, Any]) -> Any:
    """The function `made` of this source, in which these names are known."""
    code = compile("\n".join(lines), f"<{__name__}>", "exec")
    exec(code, names)  # noqa: S102 - written above; of a message it has the fields' names alone
    return names["made"]


# Reading --------------------------------------------------------------------------------------

_LENGTH = "size, = length{n}(data, at)\nstart = at + {width}"
_COMPACT = "size, start = data[at] - 1, at + 1"
_FITS = "0 <= size <= len(data) - start"
_FITS_COMPACT = "0 <= size < 127 and size <= len(data) - start"
_SLICE = """\
{length}
if {fits}:
    at = start + size
    found.{name} = {value}
else:
    found.{name}, at = step{n}(data, at)"""
_ITEMS = """\
{length}
if {fits} and size <= allowance.items:
    allowance.items -= size
    at = start
    found.{name} = items = []
    for _ in range(size):
        item, at = item{n}(data, at)
        items.append(item)
else:
    found.{name}, at = step{n}(data, at)"""
_STEP = "found.{name}, at = step{n}(data, at)"
_VALUES = {"string": 'str(data[start:at], "utf-8")', "bytes": "data[start:at]"}


def reader(
    parts: Sequence[Part],
    new: Callable[[], Any],
    allowance: Any,
    tagged: Callable[..., int] | None,
) -> Callable[..., tuple[Any, int]]:
    """The function that reads a struct, from (data, at) to it and where it ends.

    new        makes one without fields
    allowance  `items` that arrays may still have
    tagged     reads what comes last where versions are flexible: (data, at, struct) to the end
    """
    names: dict[str, Any] = {"new": new, "allowance": allowance, "tagged": tagged}
    lines = ["def made(data, at):", "    found = new()"]
    for n, run in enumerate(runs(parts)):
        lines.append(indent(_read(n, run, names), "    "))
    if tagged is not None:
        lines += ["    at += 1", "    if data[at - 1]:", "        at = tagged(data, at - 1, found)"]
    lines.append("    return found, at")
    return _made(lines, names)  # type: ignore[no-any-return]


def _read(n: int, run: Sequence[Part], names: dict[str, Any]) -> str:
    part = run[0]
    if part.kind == "number":
        numbers = _numbers(run)
        names[f"unpack{n}"] = numbers.unpack_from
        targets = ", ".join(f"found.{part.name}" for part in run)
        return f"{targets}, = unpack{n}(data, at)\nat += {numbers.size}"
    names |= {f"step{n}": part.step, f"item{n}": part.item}
    length, fits = _COMPACT, _FITS_COMPACT
    if part.form:
        plain = struct.Struct(f">{part.form}")
        names[f"length{n}"] = plain.unpack_from
        length, fits = _LENGTH.format(n=n, width=plain.size), _FITS
    form = {"structs": _ITEMS, "string": _SLICE, "bytes": _SLICE}.get(part.kind, _STEP)
    value = _VALUES.get(part.kind)
    return form.format(n=n, name=part.name, length=length, fits=fits, value=value)


# Writing --------------------------------------------------------------------------------------

_WRITE_STRING = """\
item = get("{name}", default{n})
data = None if item is None else item.encode()
if data is not None and len(data) < {most}:
    {length}
    out.tail += data
else:
    step{n}(out, item)"""
_WRITE_ITEMS = """\
items = get("{name}", default{n})
if items is not None and len(items) < {most}:
    size = len(items)
    {length}
    for item in items:
        item{n}(out, item)
else:
    step{n}(out, items)"""
_WRITE_STEP = 'step{n}(out, get("{name}", default{n}))'


def writer(parts: Sequence[Part], tagged: Callable[..., None] | None) -> Callable[[Any, Any], None]:
    """The function that writes a struct, from (out, dict of its fields).

    tagged  writes what comes last where versions are flexible: (out, dict)
    """
    names: dict[str, Any] = {"tagged": tagged}
    lines = ["def made(out, value):", "    get = value.get"]
    for n, run in enumerate(runs(parts)):
        lines.append(indent(_write(n, run, names), "    "))
    if tagged is not None:
        lines.append("    tagged(out, value)")
    return _made(lines, names)  # type: ignore[no-any-return]


def _write(n: int, run: Sequence[Part], names: dict[str, Any]) -> str:
    part = run[0]
    if part.kind == "number":
        names[f"pack{n}"] = _numbers(run).pack
        names |= {f"default{n}_{at}": each.default for at, each in enumerate(run)}
        given = (f'get("{each.name}", default{n}_{at})' for at, each in enumerate(run))
        return f"out.tail += pack{n}({', '.join(given)})"
    names |= {f"step{n}": part.step, f"item{n}": part.item, f"default{n}": part.default}
    form = {"structs": _WRITE_ITEMS, "string": _WRITE_STRING}.get(part.kind, _WRITE_STEP)
    measured = "size" if part.kind == "structs" else "len(data)"
    length, most = f"out.tail.append({measured} + 1)", 127
    if part.form:
        plain = struct.Struct(f">{part.form}")
        names[f"length{n}"] = plain.pack
        length, most = f"out.tail += length{n}({measured})", 1 << (8 * plain.size - 1)
    return form.format(n=n, name=part.name, length=length, most=most)
