"""How a client says who it is: the handshake, and what the mechanism has to say.

Who fails is told so after a while (connection.failed.authentication.delay.ms), and the connection
is closed.  What it is told does not say whether it was the name or the password, and the log has
neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.events import Event, tell
from broker.security.sasl import NotNow
from broker.security.scram import Rejected
from broker.server.broker import Broker
from broker.server.caller import Caller
from broker.server.dispatch import Answer, Fields, Handler, Parts, Request
from broker.wire.apis import ApiKey
from broker.wire.frames import LENGTH

DELAY = "connection.failed.authentication.delay.ms"


def handshake(request: Request) -> Fields:
    """The client names a mechanism, and is told which there are."""
    caller = request.caller
    if caller.sasl is None:
        return {"error_code": ErrorCode.ILLEGAL_SASL_STATE, "mechanisms": []}
    error = ErrorCode.NONE
    try:
        caller.sasl.begin(request.body.mechanism, request.version)
    except Refused as refused:
        error = refused.error
        caller.leaving = True
        _note(request.broker, caller, error.name)
    return {"error_code": error, "mechanisms": caller.sasl.mechanisms}


def authenticate(request: Request) -> Answer | asyncio.Future[Answer]:
    """The client says what its mechanism has it say."""
    caller, now = request.caller, request.broker.now()
    if caller.sasl is None:
        return _failed(ErrorCode.ILLEGAL_SASL_STATE, "this listener asks nobody who he is")
    try:
        answer = caller.sasl.respond(bytes(request.body.auth_bytes), now)
    except Refused as refused:
        caller.leaving = True
        return _failed(refused.error, "no mechanism was agreed on")
    except Rejected as rejected:
        caller.leaving = True
        _note(request.broker, caller, _words(rejected))
        return _later(request, _failed(ErrorCode.SASL_AUTHENTICATION_FAILED, _words(rejected)))
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "auth_bytes": answer,
        "session_lifetime": caller.sasl.left(now),
    }


def raw_token(broker: Broker, caller: Caller, frame: memoryview) -> Parts:
    """The answer to a frame that is a token; `NotNow` ends the connection."""
    assert caller.sasl is not None
    try:
        answer = caller.sasl.respond(bytes(frame), broker.now())
    except Rejected as rejected:
        raise NotNow(_words(rejected)) from rejected
    return [LENGTH.pack(len(answer)) + answer]


def _failed(error: ErrorCode, words: str) -> dict[str, Any]:
    return {"error_code": error, "error_message": words, "auth_bytes": b""}


def _words(rejected: Rejected) -> str:
    return f"Authentication failed: {rejected}"


def _note(broker: Broker, caller: Caller, why: str) -> None:
    broker.meter.refused[Event.NOT_AUTHENTICATED] += 1
    tell(Event.NOT_AUTHENTICATED, client=caller.host, listener=caller.listener.name, why=why)


def _later(request: Request, answer: Fields) -> asyncio.Future[Answer]:
    later: asyncio.Future[Answer] = request.broker.loop.create_future()
    delay = request.broker.configuration[DELAY] / 1000

    def tell() -> None:
        if not later.done():
            later.set_result(answer)

    request.broker.loop.call_later(delay, tell)
    return later


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.SASL_HANDSHAKE: handshake,
    ApiKey.SASL_AUTHENTICATE: authenticate,
}
