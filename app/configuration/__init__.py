"""Settings, from the environment and `.env`, and their checks."""
