"""Trying a policy on what clients and staff have done (docs/decisions/0046-trying.md)."""
