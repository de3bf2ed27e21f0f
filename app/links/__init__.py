"""The "Need to reschedule?" link in emails, which opens one session without signing in."""
