"""Logos and photos: checked, kept and served."""
