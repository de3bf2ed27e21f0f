"""The waitlist: clients wait for a time, and freed times are offered to them."""
