"""For operators: health, metrics, the OpenAPI description, server limits, commands."""
