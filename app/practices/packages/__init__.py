"""Prepaid sessions: `/v1/practice/packages`."""
