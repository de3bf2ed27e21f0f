"""`/v1/sessions`: what a client sees of their sessions, and does with them."""
