"""`/v1/practice/sessions`: what staff see of sessions, and do with them."""
