"""When a practitioner does not work: time off, and time taken in other calendars."""
