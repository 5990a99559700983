"""Settings of Kafka's that a broker alone has no use for: taken, checked, shown, without effect.

They say how replicas follow each other, how a quorum of controllers keeps together, how many
threads share the work, or how often a purgatory is swept.  There is one replica of everything, one
node, and one thread, so that any value is honoured.  Whoever brings the configuration of a cluster
along, and a client that changes a broker's settings to see whether it may, finds them.

What would limit, protect or keep something is not here: it has an effect, or is refused.

Source: DescribeConfigs of Apache Kafka 4.3.
"""

from __future__ import annotations

import sys

from broker.server.setting import Kind, Setting, boolean, double, integer, long, string

UNUSED_DYNAMIC: tuple[Setting, ...] = (
    # Threads and their buffers.
    integer("background.threads", 10, 1),
    integer("num.io.threads", 8, 1),
    integer("num.network.threads", 3, 1),
    integer("num.recovery.threads.per.data.dir", 2, 1),
    integer("num.replica.fetchers", 1, 1),
    integer("log.cleaner.threads", 1),
    long("log.cleaner.dedupe.buffer.size", 128 << 20),
    integer("log.cleaner.io.buffer.size", 512 << 10),
    double("log.cleaner.io.buffer.load.factor", 0.9),
    double("log.cleaner.io.max.bytes.per.second", sys.float_info.max),
    integer("group.coordinator.cached.buffer.max.bytes", 1_048_588, 512 << 10),
    # Leaders that lost what others have, which takes others.
    boolean("unclean.leader.election.enable", default=False),
    # Segments that roll a little earlier, by chance, so that not all do at once.
    long("log.roll.jitter.ms", None),
    boolean("log.preallocate", default=False),
    # There is no Kerberos here; clients' tests change this one to see whether that can be done.
    long("sasl.kerberos.min.time.before.relogin", 60_000),
    double("sasl.kerberos.ticket.renew.jitter", 0.05),
    double("sasl.kerberos.ticket.renew.window.factor", 0.8),
)

UNUSED_FIXED: tuple[Setting, ...] = (
    # Replicas.
    boolean("auto.leader.rebalance.enable", default=True),
    boolean("controlled.shutdown.enable", default=True),
    long("leader.imbalance.check.interval.seconds", 300, 1),
    integer("num.replica.alter.log.dirs.threads", None, 1),
    integer("replica.fetch.backoff.ms", 1000),
    integer("replica.fetch.max.bytes", 1 << 20),
    integer("replica.fetch.min.bytes", 1),
    integer("replica.fetch.response.max.bytes", 10 << 20),
    integer("replica.fetch.wait.max.ms", 500),
    long("replica.high.watermark.checkpoint.interval.ms", 5000),
    long("replica.lag.time.max.ms", 30_000),
    integer("replica.socket.receive.buffer.bytes", 64 << 10),
    integer("replica.socket.timeout.ms", 30_000),
    integer("request.timeout.ms", 30_000),
    # The quorum.
    integer("broker.heartbeat.interval.ms", 2000, 1),
    integer("broker.session.timeout.ms", 9000, 1),
    integer("controller.quorum.append.linger.ms", 25),
    integer("controller.quorum.election.backoff.max.ms", 1000),
    integer("controller.quorum.election.timeout.ms", 1000),
    integer("controller.quorum.fetch.timeout.ms", 2000),
    integer("controller.quorum.request.timeout.ms", 2000),
    integer("controller.quorum.retry.backoff.ms", 20),
    integer("controller.socket.timeout.ms", 30_000),
    integer("initial.broker.registration.timeout.ms", 60_000),
    # Work that is not shared out, and waits that are not swept.
    integer("group.coordinator.append.linger.ms", -1, -1),
    integer("group.coordinator.background.threads", 2, 1),
    integer("group.coordinator.threads", 4, 1),
    integer("offsets.commit.timeout.ms", 5000, 1),
    integer("offsets.load.buffer.size", 5 << 20, 1),
    integer("queued.max.requests", 500, 1),
    integer("transaction.state.log.load.buffer.size", 5 << 20, 1),
    integer("add.partitions.to.txn.retry.backoff.ms", 20, 1),
    integer("add.partitions.to.txn.retry.backoff.max.ms", 100),
    integer("delete.records.purgatory.purge.interval.requests", 1),
    integer("fetch.purgatory.purge.interval.requests", 1000),
    integer("producer.purgatory.purge.interval.requests", 1000),
    integer("log.flush.start.offset.checkpoint.interval.ms", 60_000),
    integer("log.roll.jitter.hours", 0),
)

UNUSED_OF_TOPICS: tuple[Setting, ...] = (
    long("segment.jitter.ms", 0),
    string("leader.replication.throttled.replicas", ""),
    string("follower.replication.throttled.replicas", ""),
    # Segments that were moved to a remote store; none are.
    Setting("remote.storage.enable", Kind.BOOLEAN, default=False, choices=(False,)),
    boolean("remote.log.copy.disable", default=False),
    boolean("remote.log.delete.on.disable", default=False),
    long("local.retention.ms", -2, -2),
    long("local.retention.bytes", -2, -2),
)
