"""Groups: one time of a practitioner that several sessions share (product.md section 12)."""
