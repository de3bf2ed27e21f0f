"""Queries on sessions, for clients and for staff."""
