"""Ways to explore a machine: each takes a lowered program and answers with a Verdict."""
