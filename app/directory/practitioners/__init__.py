"""Practitioners of a practice."""
