"""Availability: the slots to which a session can move."""
