"""Authentication: clients, holders of an emailed link, and API keys of practices."""
