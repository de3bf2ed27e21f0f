"""The "Need to reschedule?" link of an email: opens one session without a login."""
