"""How times, zones and money are written in a mail."""
