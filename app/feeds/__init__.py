"""Calendar feeds: addresses at which calendar programs read booked sessions."""
