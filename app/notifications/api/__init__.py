"""The API that lists and retries notifications."""
