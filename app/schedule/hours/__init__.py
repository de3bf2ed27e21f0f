"""Working hours and dated overrides, and sessions that no longer fit."""
