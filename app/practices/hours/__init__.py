"""When a practitioner works: weekly hours, dates that differ, and sessions that fit no more."""
