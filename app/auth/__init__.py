"""Who is calling: a client, or the holder of an email's link."""
