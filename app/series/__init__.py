"""`/v1/practice/series`: sessions of one client that are booked together, at regular dates."""
