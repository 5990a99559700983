"""Which transactions have records left, as a log is gone through from its beginning.

    a batch of a transaction that was aborted   can go
    the end of a transaction                    can go once no batch of it was passed on the way
    the note of an aborted transaction          is needed for as long as a batch of it was passed

So records go in one cleaning, and what ended their transaction in a later one: whoever reads at
that time meets both or neither.

Source: Apache Kafka's CleanedTransactionMetadata.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from broker.log.producers import Aborted
from broker.wire.batches import BatchHeader


class Decided:
    """The transactions that were passed.

    aborted  those of the log that were, in any order
    """

    def __init__(self, aborted: Iterable[Aborted]) -> None:
        self._coming = deque(sorted(set(aborted), key=lambda entry: entry.first_offset))
        self._aborted: dict[int, Aborted] = {}
        self._seen: set[int] = set()
        """Producers of whose present transaction a batch was passed."""

    def is_aborted(self, header: BatchHeader) -> bool:
        """Pass a batch of records; whether its transaction was aborted."""
        self._come(header)
        if not header.transactional:
            return False
        self._seen.add(header.producer_id)
        return header.producer_id in self._aborted

    def ended(self, header: BatchHeader) -> tuple[bool, Aborted | None]:
        """Pass the end of a transaction; whether it can go, and the note that is needed still."""
        self._come(header)
        aborted = self._aborted.pop(header.producer_id, None)
        if header.producer_id not in self._seen:
            return True, None
        self._seen.discard(header.producer_id)
        return False, aborted

    def _come(self, header: BatchHeader) -> None:
        while self._coming and self._coming[0].first_offset <= header.last_offset:
            entry = self._coming.popleft()
            self._aborted.setdefault(entry.producer_id, entry)
