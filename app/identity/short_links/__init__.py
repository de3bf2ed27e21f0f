"""Short links of text messages, whose code is stored hashed."""
