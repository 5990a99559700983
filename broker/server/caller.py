"""Who is at the other end of a connection."""

from __future__ import annotations

from dataclasses import dataclass

from broker.security.principals import ANONYMOUS
from broker.security.sasl import Sasl
from broker.server.listeners import PLAINTEXT, Listener


@dataclass(slots=True)
class Caller:
    """A client, as far as it is known.

    host         its address
    listener     where it came in
    certified    the principal of its certificate, or of those who have none
    sasl         how far it has said who it is, where it has to
    leaving      the next answer is the last
    """

    host: str
    listener: Listener = PLAINTEXT
    certified: str = ANONYMOUS
    sasl: Sasl | None = None
    leaving: bool = False

    @property
    def principal(self) -> str:
        """Who it is."""
        if self.sasl is None:
            return self.certified
        return self.sasl.principal or ANONYMOUS
