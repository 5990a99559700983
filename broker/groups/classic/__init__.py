"""Classic groups: members elect a leader among them, which assigns the partitions."""
