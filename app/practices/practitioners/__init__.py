"""Who gives sessions: `/v1/practice/practitioners`."""
