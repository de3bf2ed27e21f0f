"""Commands of clients and staff on sessions, one file for each command.

`book`, `book_seat`, `push`, `cancel`, `cancel_following`, `reschedule`, `reschedule_following`,
`attendance`, `undo`. Each ends in `finish`. The other files are parts that several commands share.
"""
