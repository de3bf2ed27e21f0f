"""Traces for the operator's OpenTelemetry collector, off unless TRACING says otherwise.

docs/decisions/0014-tracing.md says why it is done so.
"""
