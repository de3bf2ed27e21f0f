"""Writes the audit log, in the transaction of the change."""
