"""Pictures of machines, explored graphs and traces: projected from data, never drawn by hand."""
