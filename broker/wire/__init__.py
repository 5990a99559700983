"""Kafka's wire protocol: frames, headers, the table of APIs, messages, record batches."""
