"""Clients of a practice."""
