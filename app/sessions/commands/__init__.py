"""What clients and staff do to sessions.

One file a command: `book`, `push`, `cancel`, `reschedule`, `attendance`, `undo`. Each ends in
`finish`. The other files are parts that several commands share.
"""
