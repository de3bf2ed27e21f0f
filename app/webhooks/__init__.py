"""Webhooks: the practice's own software is told of every change, in the Standard Webhooks way."""
