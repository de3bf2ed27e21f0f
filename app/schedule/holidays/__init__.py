"""The dates on which the whole practice is closed: `/v1/practice/holidays`."""
