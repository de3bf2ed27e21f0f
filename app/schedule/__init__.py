"""When practitioners work: weekly hours, overrides, holidays, time off, busy times."""
