"""The coordinator of the transactional ids of one partition of `__transaction_state`.

Each transition is written before it counts.  While one is being written, and while an end waits
for its markers, whoever else comes is told to come again (CONCURRENT_TRANSACTIONS).  An end is
answered as soon as it is decided; then every partition of the transaction gets a marker, however
often that takes, and once all have it the end is complete.

A transaction that is open when its producer begins anew, or when its time is up, is aborted by
the coordinator under the next epoch, which fences the producer; who begins comes again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from broker.errors import ErrorCode, Refused, append_error
from broker.sansio import Entry, Marker, Outbox, Ticket, Token
from broker.transactions.config import TransactionConfig
from broker.transactions.records import decode, encode
from broker.transactions.requests import (
    AddPartitions,
    AddPartitionsResponse,
    EndTxn,
    EndTxnResponse,
    InitProducerId,
    InitProducerIdResponse,
    Partition,
)
from broker.transactions.transaction import (
    BUMPING_END,
    BUMPS,
    COMPLETED,
    LAST_EPOCH,
    NOBODY,
    PREPARED,
    AlreadyEnded,
    Metadata,
    State,
    check_end,
)

RETRY = 100
"""How long to wait before a completed end that could not be written is written again, ms."""


@dataclass(frozen=True)
class CompleteDue:
    """It is time to write again that a transaction has ended."""

    transactional_id: str


@dataclass(frozen=True)
class WriteMarkers:
    """Write the end of a transaction to partitions, until each has it.

    coordinator_epoch  of the partition of `__transaction_state`
    """

    transactional_id: str
    producer_id: int
    epoch: int
    commit: bool
    coordinator_epoch: int
    partitions: tuple[Partition, ...]


@dataclass(frozen=True)
class MarkersWritten:
    """Partitions have the end of a transaction, or are no more."""

    transactional_id: str
    producer_id: int
    epoch: int
    partitions: tuple[Partition, ...]


@dataclass
class Transaction:
    """A transactional id.

    next      the transition that is being written
    unmarked  the partitions that have yet to get their marker
    """

    name: str
    at: Metadata
    next: Metadata | None = None
    unmarked: set[Partition] = field(default_factory=set)


@dataclass(frozen=True)
class Writing:
    """A transition that is being written.

    then  what follows, given what became of it
    """

    transaction: Transaction
    then: Callable[[ErrorCode], None]


@dataclass
class Shard:
    """The transactional ids of one partition.

    epoch  of the partition's leader
    """

    partition: int
    epoch: int
    config: TransactionConfig
    new_producer_id: Callable[[], int]
    numbers: Iterator[int]
    out: Outbox
    transactions: dict[str, Transaction] = field(default_factory=dict)
    writing: dict[Ticket, Writing] = field(default_factory=dict)

    # Writing ---------------------------------------------------------------------------------

    def _write(
        self, transaction: Transaction, to: Metadata, then: Callable[[ErrorCode], None]
    ) -> None:
        """Write a transition, and let it count once it is durable."""
        assert transaction.next is None
        transaction.next = to
        ticket = (self.partition, next(self.numbers))
        self.writing[ticket] = Writing(transaction, then)
        self.out.append(ticket, [encode(transaction.name, to)])

    def appended(self, ticket: Ticket, error: ErrorCode) -> None:
        """A transition is durable, or could not be written, and then has not happened."""
        writing = self.writing.pop(ticket, None)
        if writing is None:
            return
        transaction = writing.transaction
        to, transaction.next = transaction.next, None
        assert to is not None
        if error is ErrorCode.NONE:
            transaction.at = to
        writing.then(append_error(error))

    # InitProducerId --------------------------------------------------------------------------

    def init(self, token: Token, request: InitProducerId) -> None:
        """Give a producer its next epoch."""
        assert request.transactional_id is not None
        transaction = self.transactions.get(request.transactional_id)
        if transaction is None:
            fresh = Metadata(self.new_producer_id(), -1, request.timeout, State.EMPTY, self.out.now)
            transaction = Transaction(request.transactional_id, fresh)
            self.transactions[request.transactional_id] = transaction
        at = transaction.at
        if transaction.next is not None:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        if request.epoch != -1 and not _goes_on(at, request):
            raise Refused(ErrorCode.PRODUCER_FENCED)
        if at.state in PREPARED:
            raise Refused(ErrorCode.CONCURRENT_TRANSACTIONS)
        if at.state is State.ONGOING:
            self.abort(transaction, _answering(self.out, token))
            return
        to = self._begun(at, request)

        def then(error: ErrorCode) -> None:
            done = InitProducerIdResponse(ErrorCode.NONE, to.producer_id, to.epoch)
            failed = InitProducerIdResponse(error)
            self.out.reply(token, done if error is ErrorCode.NONE else failed)

        self._write(transaction, to, then)

    def _begun(self, at: Metadata, request: InitProducerId) -> Metadata:
        now, known = self.out.now, request.epoch != -1
        if at.exhausted and (not known or request.epoch == at.epoch):
            return at.rotated(self.new_producer_id(), request.timeout, now, known=known)
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
        transaction = self.transactions.get(request.transactional_id)
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
            self.out.reply(token, _added(request, ErrorCode.TRANSACTION_ABORTABLE, missing))
        elif at.state is State.ONGOING and wanted <= at.partitions:
            self.out.reply(token, _added(request, ErrorCode.NONE))
        else:
            version = BUMPS if request.implicit else 0
            self._write(
                transaction,
                at.extended(wanted, self.out.now, version),
                lambda error: self.out.reply(token, _added(request, error)),
            )

    # The end ---------------------------------------------------------------------------------

    def end(self, token: Token, request: EndTxn) -> None:
        """Decide how the transaction ends, answer, and see to it."""
        transaction = self.transactions.get(request.transactional_id)
        if transaction is None:
            raise Refused(ErrorCode.INVALID_PRODUCER_ID_MAPPING)
        bumps = request.version >= BUMPING_END
        try:
            check_end(transaction.at, request, pending=transaction.next is not None)
        except AlreadyEnded:
            at = transaction.at
            known = (at.producer_id, at.epoch) if bumps else (NOBODY, -1)
            self.out.reply(token, EndTxnResponse(ErrorCode.NONE, *known))
            return

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.out.reply(token, EndTxnResponse(error))
                return
            over = transaction.at.completed(self.out.now)
            known = (over.producer_id, over.epoch) if bumps else (NOBODY, -1)
            self.out.reply(token, EndTxnResponse(ErrorCode.NONE, *known))
            self._mark(transaction)

        version = BUMPS if bumps else 0
        self._write(transaction, self._prepared(transaction.at, request.commit, version), then)

    def _prepared(self, at: Metadata, commit: bool, version: int) -> Metadata:  # noqa: FBT001
        rotates = version >= BUMPS and at.exhausted
        return at.prepared(
            commit=commit,
            now=self.out.now,
            client_version=version,
            next_producer_id=self.new_producer_id() if rotates else NOBODY,
        )

    def abort(self, transaction: Transaction, then: Callable[[ErrorCode], None]) -> None:
        """Abort an open transaction, and fence its producer."""

        def written(error: ErrorCode) -> None:
            then(ErrorCode.CONCURRENT_TRANSACTIONS if error is ErrorCode.NONE else error)
            if error is ErrorCode.NONE:
                self._mark(transaction)

        self._write(
            transaction, self._prepared(transaction.at, commit=False, version=BUMPS), written
        )

    def _mark(self, transaction: Transaction) -> None:
        """Have the end written to every partition."""
        at = transaction.at
        transaction.unmarked = set(at.partitions)
        if not transaction.unmarked:
            self.complete(CompleteDue(transaction.name))
            return
        self.out.outputs.append(
            WriteMarkers(
                transaction.name,
                at.producer_id,
                at.epoch,
                at.state is State.PREPARE_COMMIT,
                self.epoch,
                tuple(sorted(at.partitions)),
            )
        )

    def marked(self, event: MarkersWritten) -> None:
        """Partitions have the end."""
        transaction = self.transactions.get(event.transactional_id)
        if transaction is None or transaction.next is not None:
            return
        at = transaction.at
        if at.state not in PREPARED or (at.producer_id, at.epoch) != (
            event.producer_id,
            event.epoch,
        ):
            return
        transaction.unmarked -= set(event.partitions)
        if not transaction.unmarked:
            self.complete(CompleteDue(transaction.name))

    def complete(self, due: CompleteDue) -> None:
        """Write that the transaction has ended."""
        transaction = self.transactions.get(due.transactional_id)
        if transaction is None or transaction.next is not None or transaction.unmarked:
            return
        if transaction.at.state not in PREPARED:
            return

        def then(error: ErrorCode) -> None:
            if error is not ErrorCode.NONE:
                self.out.set_timer(due, RETRY)

        self._write(transaction, transaction.at.completed(self.out.now), then)

    # Time ------------------------------------------------------------------------------------

    def abort_overdue(self) -> None:
        """Abort the transactions that have been open for longer than their producers said."""
        for transaction in [*self.transactions.values()]:
            at = transaction.at
            overdue = at.state is State.ONGOING and at.started + at.timeout < self.out.now
            if overdue and transaction.next is None:
                self.abort(transaction, lambda _: None)

    def expire(self) -> None:
        """Forget the transactional ids that nobody has used for long enough."""
        oldest = self.out.now - self.config.transactional_id_expiration_ms
        for transaction in [*self.transactions.values()]:
            at = transaction.at
            idle = at.state is State.EMPTY or at.state in COMPLETED
            if idle and transaction.next is None and at.updated <= oldest:
                self._expire(transaction)

    def _expire(self, transaction: Transaction) -> None:
        ticket = (self.partition, next(self.numbers))

        def then(error: ErrorCode) -> None:
            if error is ErrorCode.NONE:
                self.transactions.pop(transaction.name, None)

        transaction.next = transaction.at
        self.writing[ticket] = Writing(transaction, then)
        self.out.append(ticket, [encode(transaction.name, None)])

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
            self.transactions.pop(name, None)
        else:
            self.transactions[name] = Transaction(name, metadata)

    def loaded(self) -> None:
        """What was decided before is seen to."""
        for transaction in self.transactions.values():
            if transaction.at.state in PREPARED:
                self._mark(transaction)

    def resign(self) -> None:
        """Tell everyone who waits that the transactional ids are somebody else's."""
        for ticket in [*self.writing]:
            self.appended(ticket, ErrorCode.NOT_COORDINATOR)


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
