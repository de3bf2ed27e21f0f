"""Policy versions: stored, resolved, and their API."""
