"""The practice itself: `/v1/practice`."""
