"""Webhooks: events about every change, sent to the practice's software (Standard Webhooks)."""
