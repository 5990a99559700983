"""Replicating one partition."""

from model.replication.machine import Replication
from model.replication.readers import Readers

__all__ = ["Readers", "Replication"]
