"""A client that asks one broker one thing at a time, in the version it is told.

It is no consumer and no producer: it is there for tools that look at a broker, and for tests.
"""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Any, Self

from kio.index import load_request_schema, load_response_schema

from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import Struct, compile_decoder, compile_encoder
from broker.wire.output import Output

LENGTH = struct.Struct(">i")


class Client:
    """One connection; an OSError says that there is none, or none any more.

    timeout  how long to wait for an answer, in seconds
    """

    def __init__(self, host: str, port: int, name: str = "verdict", timeout: float = 30.0) -> None:
        self._socket = socket.create_connection((host, port), timeout=timeout)
        self._name, self._sent = name.encode(), 0
        self._asked = (ApiKey.API_VERSIONS, 0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, api: ApiKey, version: int, /, **fields: Any) -> None:
        """Ask, without waiting."""
        out = Output()
        self._sent += 1
        out.tail += struct.pack(">hhih", api, version, self._sent, len(self._name)) + self._name
        if version >= APIS[api].flexible:
            out.tail.append(0)
        compile_encoder(load_request_schema(api, version))(out, fields)
        data = b"".join(out.parts())
        self._socket.sendall(LENGTH.pack(len(data)) + data)
        self._asked = api, version

    def receive(self) -> Struct:
        """What was answered to what was asked last."""
        api, version = self._asked
        (size,) = LENGTH.unpack(self._exactly(LENGTH.size))
        data = memoryview(self._exactly(size))
        tagged = version >= APIS[api].flexible and api is not ApiKey.API_VERSIONS
        return compile_decoder(load_response_schema(api, version))(data, 5 if tagged else 4)

    def ask(self, api: ApiKey, version: int, /, **fields: Any) -> Struct:
        """Ask, and wait for the answer."""
        self.send(api, version, **fields)
        return self.receive()

    def _exactly(self, count: int) -> bytes:
        found = bytearray()
        while len(found) < count:
            part = self._socket.recv(count - len(found))
            if not part:
                raise ConnectionResetError("the broker closed the connection")
            found += part
        return bytes(found)
