"""Kafka's promises: small abstract machines, and the properties that must be true."""
