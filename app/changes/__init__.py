"""The history of sessions and the audit trail of everything else: who, when, what, why."""
