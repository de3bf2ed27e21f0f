"""API keys of practices."""
