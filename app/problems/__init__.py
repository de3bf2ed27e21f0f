"""When the answer is no: `application/problem+json` (RFC 9457)."""
