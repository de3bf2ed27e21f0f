"""Standards: email addresses and host names (IDNA), currencies (ISO 4217)."""
