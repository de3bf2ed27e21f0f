"""Text messages to clients: what they say, sending them, and what their gateway tells."""
