"""Building and sending a mail."""
