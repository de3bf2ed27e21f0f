"""Turning the rows of app/availability/statements.py into what availability is calculated from."""
