"""Packages of prepaid sessions."""
