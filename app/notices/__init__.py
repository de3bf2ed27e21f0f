"""Notices: the outbox, the mails, the worker (product.md section 6)."""
