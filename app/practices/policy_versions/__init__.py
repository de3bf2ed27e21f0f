"""Cancellation policies, version by version, as the practice's software writes and reads them."""
