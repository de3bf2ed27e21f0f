"""What clients cancel and move in a time, added up for the practice."""
