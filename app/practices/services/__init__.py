"""What can be booked: `/v1/practice/services`."""
