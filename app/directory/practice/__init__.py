"""The practice itself."""
