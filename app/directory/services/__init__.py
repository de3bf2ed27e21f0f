"""Services: the kinds of session that can be booked."""
