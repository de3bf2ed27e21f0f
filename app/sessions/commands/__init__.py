"""Commands of clients and staff on sessions, one file for each command."""
