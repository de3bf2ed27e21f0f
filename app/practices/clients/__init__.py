"""Who receives sessions: `/v1/practice/clients`."""
