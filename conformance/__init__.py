"""Holding a broker against what Kafka promises, from outside: over sockets, by real clients.

    peers      other brokers and this one, each started on loopback, used and stopped
    history    what clients did, written down, and searched for what must not happen
    load       clients at work under a seed, with crashes of the broker where asked
    suites     clients' own test suites, run against any broker

Nothing here knows how a broker works inside, so that each is judged by the same measure: this
project's, Apache Kafka, and those that others wrote to stand in for it.
"""
