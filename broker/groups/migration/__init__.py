"""Groups that go from one protocol to the other, while their members are at work.

    classic ──a member that speaks the consumer protocol joins──▶ consumer, of members of both
       ▲                                                                   │
       └────────── the last member that speaks it goes ────────────────────┘

A member that speaks the classic protocol, and whose assignor is one for consumers, may be in a
consumer group: what it said when it joined is kept with its subscription, its member epoch is its
generation, and the group assigns for it.  `upgrade` and `downgrade` make the one group of the
other, `members` is how such a member joins, syncs, beats and leaves, `policy` which way a group
may go, and `embedded` what members and their leader tell each other.

Source: KIP-848 (online migration), and Apache Kafka 4.3 where that is silent.
"""
