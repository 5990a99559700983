"""The group coordinator: classic groups, consumer groups and committed offsets, without I/O."""
