"""Signing clients in by a mailed link."""
