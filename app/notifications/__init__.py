"""Which mails a change causes, what they say, and sending them."""
