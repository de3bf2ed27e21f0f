"""The problems that the operations of clients on a session have in common."""

READ_PROBLEMS = ("unauthorized", "not-found", "validation-failed", "service-unavailable")
COMMAND_PROBLEMS = (
    *READ_PROBLEMS,
    "action-disabled",
    "notice-too-short",
    "session-started",
    "session-not-booked",
    "quote-required",
    "quote-stale",
    "quote-invalid",
    "version-mismatch",
    "idempotency-key-reused",
    "idempotency-key-in-use",
    "payload-too-large",
    "unsupported-media-type",
)
# The problems of commands on several sessions.
SCOPE_PROBLEMS = ("forbidden", "scope-refused")
