"""The business rules as pure code: standard library only, no clock, no database, no framework."""
