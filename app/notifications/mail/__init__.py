"""What the mails of a change say."""
