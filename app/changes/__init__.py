"""The list of the audit log: who changed what, when and why."""
