"""Fees that clients owe the practice: listed, waived or settled. Reslot does not collect them."""
