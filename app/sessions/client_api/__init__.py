"""`/v1/sessions`: clients read and change their own sessions."""
