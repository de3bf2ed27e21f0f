"""Staff see what clients have used of their allowance, and adjust it."""
