"""Content and rendering of mails about changes."""
