"""Kafka's protocols as machines, each checked against what spec/ promises."""

from model.group import Group

__all__ = ["Group"]
