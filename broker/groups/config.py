"""What the group coordinator can be told, by Kafka's names, with its defaults.

An attribute is Kafka's name with underscores for its dots.
"""

from __future__ import annotations

from dataclasses import dataclass

from broker.groups.migration.policy import MigrationPolicy

DAY = 86_400_000


@dataclass(frozen=True)
class GroupConfig:
    """The configuration of groups and of committed offsets; times in ms.

    new_member_join_timeout  how long a join of a new member may be parked; Kafka has no name for it
    """

    group_min_session_timeout_ms: int = 6_000
    group_max_session_timeout_ms: int = 1_800_000
    group_initial_rebalance_delay_ms: int = 3_000
    group_max_size: int = 2_147_483_647
    new_member_join_timeout: int = 300_000
    offset_metadata_max_bytes: int = 4_096
    offsets_retention_minutes: int = 10_080
    offsets_retention_check_interval_ms: int = 600_000
    offsets_topic_num_partitions: int = 50
    group_consumer_session_timeout_ms: int = 45_000
    group_consumer_heartbeat_interval_ms: int = 5_000
    group_consumer_assignment_interval_ms: int = 1_000
    group_consumer_max_size: int = 2_147_483_647
    group_consumer_assignors: tuple[str, ...] = ("uniform", "range")
    group_consumer_migration_policy: str = "bidirectional"

    @property
    def offsets_retention_ms(self) -> int:
        """How long an offset is kept once nobody may need it any more."""
        return self.offsets_retention_minutes * 60_000

    @property
    def migration(self) -> MigrationPolicy:
        """Which way a group may go from one protocol to the other."""
        return MigrationPolicy(self.group_consumer_migration_policy.lower())
