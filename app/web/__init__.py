"""What all endpoints share: views, problems, idempotency, pagination, responses."""
