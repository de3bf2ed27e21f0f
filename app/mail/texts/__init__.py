"""Locales, and formats of times, zones and money, in mails."""
