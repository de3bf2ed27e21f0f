"""Reslot: clients of health and wellness practices cancel and reschedule their own sessions."""

__version__ = "0.1.0"
