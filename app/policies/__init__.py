"""Policy versions: storage, resolution and API."""
