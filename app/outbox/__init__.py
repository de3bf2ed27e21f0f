"""Queues notifications in the transaction of a change, claims due ones, and records results."""
