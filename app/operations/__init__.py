"""Health, metrics, the OpenAPI description, limits of the HTTP server, operator commands."""
