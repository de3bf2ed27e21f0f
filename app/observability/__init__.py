"""Logs, metrics, tracing."""
