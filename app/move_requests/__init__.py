"""Move requests: the practice asks clients to choose another time (product.md section 10)."""
