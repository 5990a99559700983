"""The transaction coordinator: producers' epochs, and transactions, without I/O."""
