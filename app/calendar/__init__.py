"""A practitioner's calendar: reading it, and locking it for commands."""
