"""Where in-person sessions take place: `/v1/practice/locations`."""
