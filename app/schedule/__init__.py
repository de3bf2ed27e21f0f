"""When a practitioner works."""
