"""The process that sends what is due."""
