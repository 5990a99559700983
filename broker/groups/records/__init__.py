"""The records of `__consumer_offsets`, in Kafka's formats."""

from broker.groups.records.entries import Key, Value, decode, encode

__all__ = ["Key", "Value", "decode", "encode"]
