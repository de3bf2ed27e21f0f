"""Connections to addresses that practices name: only to public ones."""
