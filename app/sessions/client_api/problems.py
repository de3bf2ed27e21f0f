"""The problems that the operations of clients on a session have in common."""

READ_PROBLEMS = ("unauthorized", "not-found", "validation-failed", "service-unavailable")
_BODY_AND_KEY_PROBLEMS = (
    "idempotency-key-reused",
    "idempotency-key-in-use",
    "payload-too-large",
    "unsupported-media-type",
)
WRITE_PROBLEMS = (*READ_PROBLEMS, *_BODY_AND_KEY_PROBLEMS)
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
    *_BODY_AND_KEY_PROBLEMS,
)
# The problems of commands on several sessions.
SCOPE_PROBLEMS = ("forbidden", "scope-refused")
