"""A client that sends what it is told, and shows what comes back as dicts."""

from __future__ import annotations

import select
from typing import Any

from broker.client import Client
from broker.wire.apis import ApiKey
from broker.wire.codec import Struct


def plain(value: Any) -> Any:
    """A message as dicts and lists, less the time that a client was held up for."""
    if isinstance(value, Struct):
        named = {**value.__dict__}
        return {name: plain(item) for name, item in named.items() if name != "throttle_time"}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return bytes(value) if isinstance(value, memoryview) else value


class RawClient(Client):
    """One connection to a broker on this machine."""

    def __init__(self, port: int, name: str = "c") -> None:
        super().__init__("127.0.0.1", port, name)

    def answer(self) -> dict[str, Any]:
        """What was answered to what was asked last."""
        found: dict[str, Any] = plain(self.receive())
        return found

    def answer_to(self, api: ApiKey, version: int, /, **fields: Any) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self.send(api, version, **fields)
        return self.answer()

    def silent(self, seconds: float) -> bool:
        """Whether nothing comes for so long."""
        found = select.poll()
        found.register(self._socket, select.POLLIN)
        return not found.poll(seconds * 1000)
