"""From a frame to its answer: who handles which request.

A handler takes a `Request` and gives the fields of the response: at once, as a mapping, or later,
as a future of one.  `SILENT` is the answer to a request that has none.

ApiVersions is the first thing that a client asks.  In a version that is not served it is answered
in version 0, with UNSUPPORTED_VERSION and the versions that there are of it, so that the client
can ask again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from broker.wire.apis import ApiKey, request_decoder, response_encoder
from broker.wire.codec import Struct
from broker.wire.frames import RequestHeader, finish_response, start_response

if TYPE_CHECKING:
    from broker.server.broker import Broker
    from broker.server.caller import Caller

Fields = Mapping[str, Any]
Parts = list[bytes | bytearray | memoryview]


_API_VERSIONS = ApiKey.API_VERSIONS
"""A member of an enumeration, which takes longer to look up than it takes to use."""


class _Silent:
    """No answer."""


SILENT: Final = _Silent()
Answer = Fields | _Silent
Handler = Callable[["Request"], "Answer | asyncio.Future[Answer]"]


class Request:
    """A request that came in.

    key      which one it is, and `version` its version
    frame    good until the handler returns, and no longer
    """

    __slots__ = ("_body", "broker", "caller", "frame", "header", "key", "version")

    def __init__(
        self, broker: Broker, caller: Caller, header: RequestHeader, frame: memoryview
    ) -> None:
        self.broker, self.caller, self.header, self.frame = broker, caller, header, frame
        self.key: ApiKey = header.api.key
        self.version: int = header.version
        self._body: Struct | None = None

    @property
    def host(self) -> str:
        """Where the client is."""
        return self.caller.host

    @property
    def client_id(self) -> str:
        """What the client calls itself."""
        return self.header.client_id or ""

    @property
    def body(self) -> Struct:
        """What is asked."""
        if self._body is None:
            decode = request_decoder(self.key, self.version)
            self._body = decode(self.frame, self.header.body)
        return self._body


def respond(request: Request) -> Parts | asyncio.Future[Parts | None] | None:
    """The frame to send back, now or later; None where there is none."""
    if request.caller.sasl is not None:
        request.caller.sasl.admit(request.key, request.broker.now())
    handler = request.broker.handlers.get(request.key)
    if handler is None:
        from broker.wire.frames import Unsupported

        raise Unsupported(f"{request.key.name}, which nobody handles")
    answer = handler(request)
    if not isinstance(answer, asyncio.Future):
        return _encode(request.header, request.version, answer)
    if answer.done():
        return _encode(request.header, request.version, answer.result())
    return _later(request.header, request.version, answer)


def _later(
    header: RequestHeader, version: int, answer: asyncio.Future[Answer]
) -> asyncio.Future[Parts | None]:
    parts: asyncio.Future[Parts | None] = answer.get_loop().create_future()

    def done(found: asyncio.Future[Answer]) -> None:
        if parts.done():
            return
        if found.cancelled():
            parts.cancel()
        else:
            try:
                parts.set_result(_encode(header, version, found.result()))
            except Exception as error:  # noqa: BLE001 - the connection tells
                parts.set_exception(error)

    def given_up(found: asyncio.Future[Parts | None]) -> None:
        if found.cancelled():
            answer.cancel()

    answer.add_done_callback(done)
    parts.add_done_callback(given_up)
    return parts


def _encode(header: RequestHeader, version: int, answer: Answer) -> Parts | None:
    if isinstance(answer, _Silent):
        return None
    out = start_response(header)
    key = header.api.key
    # In versions that are not served, this one alone comes so far.
    if key is _API_VERSIONS and not header.api.serves(version):
        version = 0
    response_encoder(key, version)(out, answer)
    return finish_response(out)
