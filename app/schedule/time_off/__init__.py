"""Time off, and busy times from other calendars."""
