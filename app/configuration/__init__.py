"""Settings of the environment and of `.env`, and their validation."""
