"""Limits of waiting for a connection, for a place in the pool, for a lock, and of probes.

Source: docs/decisions/0021-bounds-of-waiting.md.
"""

CONNECT_TIMEOUT_SECONDS = 5
POOL_TIMEOUT_SECONDS = 3
LOCK_TIMEOUT_SECONDS = 3
PROBE_TIMEOUT_SECONDS = 3  # of /readyz and of a scrape of /metrics, all together
