"""The museum's entries about producers: order, sequence numbers, transactions."""

from __future__ import annotations

from model.museum.entry import Entry, Exhibit
from model.routing import Routing

TOPIC = {"Broker": 2, "Partition": 2, "Key": 1, "Sent": 2, "LeaderEpoch": 2}
SEQUENCES = "no machine has producer ids and sequence numbers"
TRANSACTIONS = "no machine has transactions"

PRODUCERS: tuple[Entry, ...] = (
    Entry(
        "several in flight",
        "a record overtakes an older one of its key",
        "Two requests are in flight, the first is refused by a broker that does not lead any "
        "more, and sent again behind the second.",
        "max.in.flight.requests.per.connection=1, or an idempotent producer (KIP-98).",
        Exhibit(Routing, {**TOPIC, "Partition": 1}, {"in_flight": 2}, "RTE-3"),
    ),
    Entry(
        "partitions added",
        "records of one key lie in two partitions",
        "A key's partition is its hash modulo the number of partitions; once there are more, new "
        "records of the key go elsewhere, and nobody moves the old ones.",
        "Nothing: it is allowed. Make as many partitions as there will ever be.",
        Exhibit(Routing, TOPIC, {"grows": True}, "RTE-6"),
    ),
    Entry(
        "KAFKA-5494",
        "more than one request in flight breaks the check of sequence numbers",
        "The broker remembers the last batch of a producer only, and takes the repetition of an "
        "earlier one for a gap.",
        "It remembers the last five batches.",
        reason=SEQUENCES,
    ),
    Entry(
        "KIP-360",
        "producer state is lost, and a record is written twice",
        "Retention removes the last records of a producer and with them its state; the producer "
        "begins again at sequence number 0 with a record that had been written (KAFKA-5793).",
        "The producer's epoch is raised before its sequence numbers begin again.",
        reason=SEQUENCES,
    ),
    Entry(
        "KIP-890",
        "a late record joins the next transaction, or none",
        "A produce request arrives after its transaction was aborted: the last stable offset "
        "hangs for ever, or the record becomes part of the next transaction.",
        "An epoch for each transaction, and partitions that are checked before the append.",
        reason=TRANSACTIONS,
    ),
    Entry(
        "KAFKA-17754",
        "a late EndTxn ends a later transaction",
        "An EndTxn request that was given up arrives during the next transaction, and commits or "
        "aborts it halfway.",
        "KIP-890's second part: an epoch for each transaction.",
        reason=TRANSACTIONS,
    ),
    Entry(
        "KIP-447",
        "a new owner reads an offset that a transaction is about to change",
        "A partition changes hands while its offset is committed in a transaction: the new owner "
        "begins at the old offset; or the old owner, a zombie, commits in a transaction of its "
        "own.",
        "OffsetFetch waits for transactions (require_stable); TxnOffsetCommit carries the "
        "generation.",
        reason=TRANSACTIONS,
    ),
)
"""Those that are shown, then those that are not."""
