"""A practitioner's calendar: reading it, and locking their time."""
