"""Storage in Kafka's on-disk format: a log for each partition, and the directory they are in."""
