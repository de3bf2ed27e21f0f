"""When a session could take place instead."""
