"""Which way a group may go: Kafka's `group.consumer.migration.policy`.

disabled       neither way, and nobody joins a consumer group with the classic protocol
upgrade        from classic to consumer
downgrade      from consumer to classic
bidirectional  both ways
"""

from __future__ import annotations

from enum import Enum


class MigrationPolicy(Enum):
    """A policy; the values are the names that are configured."""

    DISABLED = "disabled"
    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    BIDIRECTIONAL = "bidirectional"

    @property
    def up(self) -> bool:
        """Whether a classic group may become a consumer group."""
        return self in {MigrationPolicy.UPGRADE, MigrationPolicy.BIDIRECTIONAL}

    @property
    def down(self) -> bool:
        """Whether a consumer group may become a classic group."""
        return self in {MigrationPolicy.DOWNGRADE, MigrationPolicy.BIDIRECTIONAL}

    @property
    def mixes(self) -> bool:
        """Whether members that speak the classic protocol may join a consumer group."""
        return self is not MigrationPolicy.DISABLED
