"""What staff and the worker do to move requests: ask, withdraw, close."""
