"""Places where sessions are held."""
