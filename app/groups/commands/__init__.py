"""Commands of staff on groups, one file each."""
