"""Time off, and busy times of other calendars."""
