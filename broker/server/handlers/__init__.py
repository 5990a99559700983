"""What answers each API: a module for each family, and one table of them all."""
