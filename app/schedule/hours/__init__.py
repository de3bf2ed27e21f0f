"""Working hours, overrides for single dates, and booked sessions that no longer fit."""
