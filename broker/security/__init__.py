"""Who a client is and what it may do: exchanges, credentials and decisions, without I/O."""
