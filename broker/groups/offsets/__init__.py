"""Committed offsets: how far each group has read, kept beside the groups themselves."""
