"""Fees: what clients owe the practice, which collects it, waives it, or has it paid."""
