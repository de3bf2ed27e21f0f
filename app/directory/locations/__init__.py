"""Locations where in-person sessions take place."""
