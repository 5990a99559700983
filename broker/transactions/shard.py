"""The coordinator of the transactional ids of one partition of `__transaction_state`.

While a transition is being written, and while an end waits for its markers, whoever else comes is
told to come again (CONCURRENT_TRANSACTIONS); so is who begins while a transaction is open, which
is aborted then (`broker.transactions.ending`).
"""

from __future__ import annotations

from collections.abc import Callable

from broker.errors import ErrorCode, Refused
from broker.sansio import Entry, Marker, Outbox, Token
from broker.transactions.core import Core, Transaction
from broker.transactions.ending import Endings
from broker.transactions.records import decode
from broker.transactions.requests import (
    AddPartitions,
    AddPartitionsResponse,
    InitProducerId,
    InitProducerIdResponse,
    Partition,
)
from broker.transactions.transaction import (
    BUMPS,
    COMPLETED,
    LAST_EPOCH,
    PREPARED,
    Metadata,
    State,
)


class Shard:
    """The transactional ids of one partition."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self.endings = Endings(core)

    # InitProducerId --------------------------------------------------------------------------

    def init(self, token: Token, request: InitProducerId) -> None:
        """Give a producer its next epoch."""
        assert request.transactional_id is not None
        transaction = self.core.transactions.get(request.transactional_id)
        if transaction is None:
            fresh = Metadata(
                self.core.new_producer_id(), -1, request.timeout, State.EMPTY, self.core.out.now
            )
            transaction = Transaction(request.transactional_id, fresh)
            self.core.transactions[request.transactional_id] = transaction
        at = transaction.at
        if transaction.next is not None:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        if request.epoch != -1 and not _goes_on(at, request):
            raise Refused(ErrorCode.PRODUCER_FENCED)
        if at.state in PREPARED:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        if at.state is State.ONGOING:
            self.endings.abort(transaction, _answering(self.core.out, token))
            return
        to = self._begun(at, request)

        def then(error: ErrorCode) -> None:
            done = InitProducerIdResponse(ErrorCode.NONE, to.producer_id, to.epoch)
            failed = InitProducerIdResponse(error)
            self.core.out.reply(token, done if error is ErrorCode.NONE else failed)

        self.core.write(transaction, to, then)

    def _begun(self, at: Metadata, request: InitProducerId) -> Metadata:
        now, known = self.core.out.now, request.epoch != -1
        if at.exhausted and (not known or request.epoch == at.epoch):
            return at.rotated(self.core.new_producer_id(), request.timeout, now, known=known)
        if not known:
            return at.begun(at.epoch + 1, -1, request.timeout, now)
        if at.epoch in {-1, request.epoch}:
            return at.begun(at.epoch + 1, at.epoch, request.timeout, now)
        if request.epoch == at.last_epoch:  # its answer was lost: it asks again
            return at.begun(at.epoch, at.last_epoch, request.timeout, now)
        raise Refused(ErrorCode.PRODUCER_FENCED)

    # AddPartitionsToTxn ----------------------------------------------------------------------

    def add(self, token: Token, request: AddPartitions) -> None:
        """Let the transaction be about more partitions, or say which it is about."""
        transaction = self.core.transactions.get(request.transactional_id)
        if transaction is None:
            raise Refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        at = transaction.at
        if transaction.next is not None and not request.verify:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        if at.producer_id != request.producer_id:
            raise Refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        if at.epoch != request.epoch:
            raise Refused(ErrorCode.PRODUCER_FENCED)
        if at.state in PREPARED:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        wanted = frozenset(request.partitions)
        if request.verify:
            missing = wanted - at.partitions
            self.core.out.reply(token, _added(request, ErrorCode.TRANSACTION_ABORTABLE, missing))
        elif at.state is State.ONGOING and wanted <= at.partitions:
            self.core.out.reply(token, _added(request, ErrorCode.NONE))
        else:
            version = BUMPS if request.implicit else 0
            self.core.write(
                transaction,
                at.extended(wanted, self.core.out.now, version),
                lambda error: self.core.out.reply(token, _added(request, error)),
            )

    # Time ------------------------------------------------------------------------------------

    def expire(self) -> None:
        """Forget the transactional ids that nobody has used for long enough."""
        oldest = self.core.out.now - self.core.config.transactional_id_expiration_ms
        for transaction in [*self.core.transactions.values()]:
            at = transaction.at
            idle = at.state is State.EMPTY or at.state in COMPLETED
            if idle and transaction.next is None and at.updated <= oldest:
                self.core.remove(transaction)

    # The log ---------------------------------------------------------------------------------

    def replay(self, entry: Entry | Marker) -> None:
        """A record is in the log."""
        if isinstance(entry, Marker):
            return
        decoded = decode(entry.record)
        if decoded is None:
            return
        name, metadata = decoded
        if metadata is None or metadata.state is State.DEAD:
            self.core.transactions.pop(name, None)
        else:
            self.core.transactions[name] = Transaction(name, metadata)

    def loaded(self) -> None:
        """What was decided before is seen to."""
        for transaction in self.core.transactions.values():
            if transaction.at.state in PREPARED:
                self.endings.mark(transaction)

    def resign(self) -> None:
        """Tell everyone who waits that the transactional ids are somebody else's."""
        for ticket in [*self.core.writing]:
            self.core.appended(ticket, ErrorCode.NOT_COORDINATOR)


def _goes_on(at: Metadata, request: InitProducerId) -> bool:
    """Whether who asks is, or was until the epochs ran out, the producer."""
    if at.epoch == -1 or request.producer_id == at.producer_id:
        return True
    return request.producer_id == at.previous_producer_id and request.epoch >= LAST_EPOCH


def _answering(out: Outbox, token: Token) -> Callable[[ErrorCode], None]:
    return lambda error: out.reply(token, InitProducerIdResponse(error))


def _added(
    request: AddPartitions, error: ErrorCode, which: frozenset[Partition] | None = None
) -> AddPartitionsResponse:
    which = frozenset(request.partitions) if which is None else which
    return AddPartitionsResponse(
        tuple(
            (partition, error if partition in which else ErrorCode.NONE)
            for partition in request.partitions
        )
    )
