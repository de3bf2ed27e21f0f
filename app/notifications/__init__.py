"""Notifications: what they contain, how they are sent, and the API that lists and retries them."""
