"""When the whole practice is closed, dates and weekdays: `/v1/practice/holidays`."""
