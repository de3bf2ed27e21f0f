"""A client's sessions: what they look like, and the commands that change them."""
