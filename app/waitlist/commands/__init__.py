"""What clients, staff and the worker do to wishes and offers."""
