"""`/metrics`: figures for the operator's Prometheus, without anything personal."""
