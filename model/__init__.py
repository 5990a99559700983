"""Kafka's protocols as machines, each checked against what spec/ promises."""

from model.compaction import Compaction
from model.group import Group
from model.log import Log
from model.routing import Routing

__all__ = ["Compaction", "Group", "Log", "Routing"]
