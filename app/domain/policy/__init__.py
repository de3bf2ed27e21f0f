"""The cancellation policy: its rules, its deadlines, what it costs, and what it decides."""
