"""Kafka's protocols as machines, each checked against what spec/ promises."""
