"""Counters, and figures for Prometheus."""
