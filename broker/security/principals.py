"""Who a client is: a principal, `User:alice`.

A client that has not said is `User:ANONYMOUS`.  One with a certificate is named by its subject, as
Java writes it (RFC 2253): the attributes from the last to the first, by their short names where
that RFC has one, and otherwise by number with the value in hexadecimal:

    User:CN=alice,OU=billing,O=Example

Python gives a subject with its attributes' names alone, so the certificate's bytes are read here,
as far as the subject is in them.  They have been verified before, and are well formed.

Source: RFC 2253, RFC 5280; Kafka's default principal builder, and Java's X500Principal.
"""

from __future__ import annotations

from collections.abc import Iterator

USER = "User"
ANONYMOUS = "User:ANONYMOUS"

_SHORT = {
    "2.5.4.3": "CN",
    "2.5.4.6": "C",
    "2.5.4.7": "L",
    "2.5.4.8": "ST",
    "2.5.4.9": "STREET",
    "2.5.4.10": "O",
    "2.5.4.11": "OU",
    "0.9.2342.19200300.100.1.1": "UID",
    "0.9.2342.19200300.100.1.25": "DC",
}
_TEXT = {12: "utf-8", 19: "ascii", 20: "latin-1", 22: "ascii", 28: "utf-32-be", 30: "utf-16-be"}
"""Types of strings, and how each is encoded."""

_VERSION = 0xA0
_ESCAPED = frozenset(',=+<>#;"\\')


def user(name: str) -> str:
    """The principal of a user who has proved to be this one."""
    return f"{USER}:{name}"


def of_certificate(der: bytes) -> str:
    """The principal of who has this certificate."""
    return user(subject(der))


def subject(der: bytes) -> str:
    """A certificate's subject in the form of RFC 2253; ValueError where it cannot be read."""
    try:
        (_, certificate), *_ = _items(der)
        (_, to_be_signed), *_ = _items(certificate)
        fields = [content for tag, content in _items(to_be_signed) if tag != _VERSION]
        # A serial number, an algorithm, the issuer, how long it is good for, and the subject.
        names = [_relative(content) for _, content in _items(fields[4])]
    except (IndexError, ValueError) as error:
        raise ValueError("a certificate whose subject cannot be read") from error
    return ",".join(reversed(names))


def _items(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The tags and contents of what is in a sequence (DER)."""
    at = 0
    while at < len(data):
        tag, size = data[at], data[at + 1]
        at += 2
        if size & 0x80:
            count = size & 0x7F
            size = int.from_bytes(data[at : at + count], "big")
            at += count
        yield tag, data[at : at + size]
        at += size


def _relative(names: bytes) -> str:
    """One step of a distinguished name, which may have several attributes."""
    return "+".join(_attribute(pair) for _, pair in _items(names))


def _attribute(pair: bytes) -> str:
    (_, oid), (tag, value) = _items(pair)
    number = _dotted(oid)
    if number not in _SHORT or tag not in _TEXT:
        encoded = pair[-(len(value) + _head(len(value))) :]
        return f"{number}=#{encoded.hex()}"
    return f"{_SHORT[number]}={_escaped(value.decode(_TEXT[tag]))}"


def _head(size: int) -> int:
    """How many bytes are before a content of this size."""
    return 2 if size < 0x80 else 2 + (size.bit_length() + 7) // 8  # noqa: PLR2004 - the short form


def _dotted(oid: bytes) -> str:
    numbers, value = [], 0
    for byte in oid:
        value = value << 7 | byte & 0x7F
        if not byte & 0x80:
            numbers.append(value)
            value = 0
    first = min(numbers[0] // 40, 2)
    return ".".join(str(each) for each in (first, numbers[0] - 40 * first, *numbers[1:]))


def _escaped(text: str) -> str:
    escaped = "".join(f"\\{each}" if each in _ESCAPED else each for each in text)
    escaped = escaped.replace("\0", "\\00")
    if escaped.startswith(" "):
        escaped = f"\\{escaped}"
    if len(text) > 1 and escaped.endswith(" "):
        escaped = f"{escaped[:-1]}\\ "
    return escaped
