"""Holds: a client keeps a time while they choose it."""
