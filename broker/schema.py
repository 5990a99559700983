"""Kafka's record formats as tables: what is written, in which order, since which version.

A format is a `Schema`: a dataclass and one `Field` for each of its attributes.  A field has a
type and the versions that it is there in; what a version lacks keeps the dataclass's default.
From its first *flexible* version on a format is written compactly (lengths as unsigned varints,
one more than the length, so that 0 is null) and each struct ends with its *tagged* fields: those
that differ from their default, in order of their tags, each with its size, so that a reader skips
those that it does not know.

    int8 … int64   big-endian, signed
    string, bytes  int16 or int32 length (-1: null), compact: varint length + 1 (0: null)
    array          int32 count, compact: varint count + 1
    uuid           16 bytes
    struct         its fields; where it may be null, int8 1 first, or -1 alone

The coordinators' topics hold such records: a key is an int16 (the kind of record) and a struct
that is never flexible; a value is an int16 (its version) and a struct.

Source: the message schemas of Apache Kafka 4.3 and KIP-482 (flexible versions).
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

T = TypeVar("T")

NEVER = 1 << 15
"""No version: a format with `flexible=NEVER` is never compact, a field with it never ends."""

NIL = UUID(int=0)
"""What stands for no topic id."""


class Damaged(ValueError):  # noqa: N818 - what the bytes are
    """Bytes that are no record of the format."""


class Reader:
    """What is left to read of some bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    @property
    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def take(self, count: int) -> bytes:
        """The next bytes; `Damaged` where there are not so many."""
        if not 0 <= count <= self.rest:
            raise Damaged(f"{count} bytes are asked for where {self.rest} are left")
        self._at += count
        return self._data[self._at - count : self._at]

    def varint(self) -> int:
        """An unsigned varint of 32 bits."""
        value = 0
        for shift in range(0, 35, 7):
            (byte,) = self.take(1)
            value |= (byte & 0x7F) << shift
            if not byte & 0x80:
                return value
        raise Damaged("a varint does not end")


def write_varint(out: bytearray, value: int) -> None:
    """Append an unsigned varint."""
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


class Type(Protocol):
    """How values of one kind are written and read."""

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append a value."""

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take a value; `Damaged` where there is none."""


@dataclass(frozen=True)
class Int:
    """A number of a fixed width; `form` is that of `struct`."""

    form: str

    @cached_property
    def _packing(self) -> struct.Struct:
        return struct.Struct(self.form)

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append the number."""
        del version, flexible
        out += self._packing.pack(value)

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take a number."""
        del version, flexible
        return self._packing.unpack(data.take(self._packing.size))[0]


@dataclass(frozen=True)
class Uuid:
    """Sixteen bytes."""

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append the id."""
        del version, flexible
        out += value.bytes

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take an id."""
        del version, flexible
        return UUID(bytes=data.take(16))


def _write_length(out: bytearray, length: int | None, plain: Int, *, flexible: bool) -> None:
    if flexible:
        write_varint(out, 0 if length is None else length + 1)
    else:
        plain.write(out, -1 if length is None else length, 0, flexible=False)


def _read_length(data: Reader, plain: Int, *, flexible: bool) -> int | None:
    length = data.varint() - 1 if flexible else int(plain.read(data, 0, flexible=False))
    if length < -1:
        raise Damaged(f"a length of {length}")
    return None if length == -1 else length


@dataclass(frozen=True)
class Blob:
    """Bytes with their length before them, as they are or as text.

    encode, decode  between the value and its bytes
    plain           how the length is written where the format is not flexible
    """

    encode: Callable[[Any], bytes]
    decode: Callable[[bytes], Any]
    plain: Int
    nullable: bool = False

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append the value."""
        del version
        data = None if value is None and self.nullable else self.encode(value)
        _write_length(out, None if data is None else len(data), self.plain, flexible=flexible)
        out += data or b""

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take a value."""
        del version
        length = _read_length(data, self.plain, flexible=flexible)
        if length is None:
            if not self.nullable:
                raise Damaged("null where it is not allowed")
            return None
        try:
            return self.decode(data.take(length))
        except UnicodeDecodeError as error:
            raise Damaged("text that is not UTF-8") from error


@dataclass(frozen=True)
class Array:
    """Values of one type, read as a tuple."""

    of: Type
    nullable: bool = False

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append the values."""
        length = None if value is None and self.nullable else len(value)
        _write_length(out, length, INT32, flexible=flexible)
        for item in value or ():
            self.of.write(out, item, version, flexible=flexible)

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take the values."""
        length = _read_length(data, INT32, flexible=flexible)
        if length is None:
            if not self.nullable:
                raise Damaged("null where it is not allowed")
            return None
        if length > data.rest:
            raise Damaged(f"{length} items are promised where {data.rest} bytes are left")
        return tuple(self.of.read(data, version, flexible=flexible) for _ in range(length))


@dataclass(frozen=True)
class Nullable:
    """A struct that may be null."""

    of: Type

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append whether it is there, and it."""
        INT8.write(out, -1 if value is None else 1, version, flexible=flexible)
        if value is not None:
            self.of.write(out, value, version, flexible=flexible)

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take it, if it is there."""
        if INT8.read(data, version, flexible=flexible) < 0:
            return None
        return self.of.read(data, version, flexible=flexible)


@dataclass(frozen=True)
class Field:
    """One attribute of a format.

    since, until  the versions that it is there in, both included
    tag           among the tagged fields, its number
    default       what a tagged field that is not written has
    """

    name: str
    type: Type
    since: int = 0
    until: int = NEVER
    tag: int | None = None
    default: Any = None


@dataclass(frozen=True)
class Schema(Generic[T]):
    """How values of a dataclass are written.

    of        the dataclass; its attributes are those of the fields
    flexible  the first version that is written compactly
    """

    of: Callable[..., T]
    fields: Sequence[Field]
    flexible: int = NEVER

    def write(self, out: bytearray, value: Any, version: int, *, flexible: bool) -> None:
        """Append the struct."""
        for field in self._there(version):
            if field.tag is None:
                field.type.write(out, getattr(value, field.name), version, flexible=flexible)
        if flexible:
            self._write_tagged(out, value, version)

    def _write_tagged(self, out: bytearray, value: Any, version: int) -> None:
        tagged: dict[int, bytearray] = {}
        for field in self._there(version):
            item = getattr(value, field.name)
            if field.tag is not None and item != field.default:
                tagged[field.tag] = bytearray()
                field.type.write(tagged[field.tag], item, version, flexible=True)
        write_varint(out, len(tagged))
        for tag, data in sorted(tagged.items()):
            write_varint(out, tag)
            write_varint(out, len(data))
            out += data

    def read(self, data: Reader, version: int, *, flexible: bool) -> Any:
        """Take a struct; what the version lacks keeps its default."""
        values = {
            field.name: field.type.read(data, version, flexible=flexible)
            for field in self._there(version)
            if field.tag is None
        }
        if flexible:
            tagged = {field.tag: field for field in self._there(version) if field.tag is not None}
            for _ in range(data.varint()):
                known = tagged.get(data.varint())
                item = Reader(data.take(data.varint()))
                if known is not None:
                    values[known.name] = known.type.read(item, version, flexible=True)
        return self.of(**values)

    def _there(self, version: int) -> list[Field]:
        if version not in self._by_version:
            there = [field for field in self.fields if field.since <= version <= field.until]
            self._by_version[version] = there
        return self._by_version[version]

    @cached_property
    def _by_version(self) -> dict[int, list[Field]]:
        """The fields of each version that was asked for."""
        return {}

    def encode(self, value: T, version: int) -> bytes:
        """The value after its version, as a record of a coordinator's topic has it."""
        out = bytearray()
        INT16.write(out, version, version, flexible=False)
        self.write(out, value, version, flexible=version >= self.flexible)
        return bytes(out)

    def decode(self, data: Reader, version: int) -> T:
        """The value, once its version has been read."""
        value: T = self.read(data, version, flexible=version >= self.flexible)
        return value


INT8 = Int(">b")
INT16 = Int(">h")
INT32 = Int(">i")
INT64 = Int(">q")
UUID_ = Uuid()
STRING = Blob(str.encode, bytes.decode, INT16)
NULLABLE_STRING = Blob(str.encode, bytes.decode, INT16, nullable=True)
BYTES = Blob(bytes, bytes, INT32)
