"""What a client is shown of themselves: `/v1/me` and `/v1/packages`."""
