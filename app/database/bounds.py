"""Limits of waiting for a connection, for a place in the pool, and for a lock.

Source: docs/decisions/0021-bounds-of-waiting.md.
"""

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 3
LOCK_TIMEOUT_SECONDS = 3
