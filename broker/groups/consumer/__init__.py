"""Consumer groups (KIP-848): the coordinator assigns, and members follow one by one."""
