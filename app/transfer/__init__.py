"""Import and export of a practice's records and sessions in bulk."""
