"""A client that sends what it is told, in the version it is told, and shows what comes back."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Any, Self

from kio.index import load_request_schema, load_response_schema

from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import Struct, compile_decoder, compile_encoder
from broker.wire.output import Output

TIMEOUT = 20.0
"""Seconds to wait for an answer, which is long on a slow machine."""


def plain(value: Any) -> Any:
    """A message as dicts and lists, less the time that a client was held up for."""
    if isinstance(value, Struct):
        named = {**value.__dict__}
        return {name: plain(item) for name, item in named.items() if name != "throttle_time"}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value


class RawClient:
    """One connection."""

    def __init__(self, port: int, name: str = "c") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT)
        self._name, self._sent = name.encode(), 0
        self._asked: tuple[ApiKey, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, key: ApiKey, version: int, fields: dict[str, Any]) -> None:
        """Ask, without waiting."""
        out = Output()
        self._sent += 1
        out.tail += struct.pack(">hhih", key, version, self._sent, len(self._name)) + self._name
        if version >= APIS[key].flexible:
            out.tail.append(0)
        compile_encoder(load_request_schema(key, version))(out, fields)
        data = b"".join(out.parts())
        self._socket.sendall(struct.pack(">i", len(data)) + data)
        self._asked = key, version

    def receive(self) -> dict[str, Any]:
        """What was answered to what was asked last."""
        assert self._asked is not None
        key, version = self._asked
        (size,) = struct.unpack(">i", self._exactly(4))
        data = memoryview(self._exactly(size))
        tagged = version >= APIS[key].flexible and key is not ApiKey.API_VERSIONS
        decode = compile_decoder(load_response_schema(key, version))
        answer: dict[str, Any] = plain(decode(data, 5 if tagged else 4))
        return answer

    def ask(self, key: ApiKey, version: int, /, **fields: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self.send(key, version, fields)
        return self.receive()

    def _exactly(self, count: int) -> bytes:
        found = b""
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            assert part, "the connection was closed"
            found += part
        return found
