"""Frames and headers: what is around a message.

A frame is an int32, its length, and so many bytes.  A request is a header and a body:

    v1  key int16, version int16, correlation id int32, client id (int16 length, or null)
    v2  the same, and tagged fields; the client id stays as it was

A response starts with the correlation id (v0), and with tagged fields after it (v1).  A version
of a message that is flexible has the newer headers, but for the response to ApiVersions: a client
that asks does not know yet what the broker can read.

Source: the protocol guide; KIP-482, KIP-511.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from broker.wire.apis import APIS, Api, ApiKey
from broker.wire.codec import Buffer, Malformed, read_varint
from broker.wire.output import Output

LENGTH = struct.Struct(">i")
_HEADER = struct.Struct(">hhih")
_RESPONSE = struct.Struct(">ii")
_API_VERSIONS = ApiKey.API_VERSIONS


class Unsupported(ValueError):  # noqa: N818 - what the request is
    """A request of an API or a version that is not served."""


class RequestHeader(NamedTuple):
    """Who asks what.

    body  where in the frame the request's body starts
    """

    api: Api
    version: int
    correlation_id: int
    client_id: str | None
    body: int


def read_header(frame: Buffer) -> RequestHeader:
    """The header of a request; `Unsupported` or `Malformed` where there is none.

    An ApiVersions request of a version that is not served has a header nevertheless, for it is
    answered; its body is not to be read.
    """
    try:
        key, version, correlation, length = _HEADER.unpack_from(frame, 0)
    except struct.error as error:
        raise Malformed("a header is cut short") from error
    try:
        api = APIS[key]
    except KeyError as error:
        raise Unsupported(f"an API of key {key}") from error
    if not api.serves(version):
        if api.key is ApiKey.API_VERSIONS:
            return RequestHeader(api, version, correlation, None, len(frame))
        raise Unsupported(f"version {version} of {api.key.name}")
    at = _HEADER.size
    if length < -1 or at + length > len(frame):
        raise Malformed(f"a client id of {length} bytes")
    try:
        client = None if length < 0 else str(frame[at : at + length], "utf-8")
        at += max(length, 0)
        if version >= api.flexible:
            at = _skip_tagged(frame, at)
    except (IndexError, UnicodeDecodeError) as error:
        raise Malformed("a header that cannot be read") from error
    return RequestHeader(api, version, correlation, client, at)


def _skip_tagged(frame: Buffer, at: int) -> int:
    count, at = read_varint(frame, at)
    for _ in range(count):
        _, at = read_varint(frame, at)
        size, at = read_varint(frame, at)
        at += size
    return at


def start_response(header: RequestHeader) -> Output:
    """A response with its header, to which the body is added."""
    out = Output()
    out.tail += _RESPONSE.pack(0, header.correlation_id)
    if header.version >= header.api.flexible and header.api.key is not _API_VERSIONS:
        out.tail.append(0)
    return out


def finish_response(out: Output) -> list[bytes | bytearray | memoryview]:
    """The frame, whose length is known now."""
    parts = out.parts()
    LENGTH.pack_into(parts[0], 0, out.size - LENGTH.size)
    return parts
