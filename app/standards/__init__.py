"""Spellings and tables of standards: email addresses and hosts, currencies."""
