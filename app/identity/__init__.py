"""Who is calling: a client, the holder of an email's link, or a practice's own software."""
