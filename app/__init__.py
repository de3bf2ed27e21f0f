"""Reslot: clients of health and wellness practices cancel and reschedule their own sessions."""
