"""What clients and staff do to sessions: one file a command."""
