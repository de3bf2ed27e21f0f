"""All tables, by aggregate, and conditions that join them."""
