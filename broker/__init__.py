"""A real server on Kafka's wire protocol, independent of the model that it is held against."""
