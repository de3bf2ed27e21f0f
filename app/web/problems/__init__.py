"""Problems (RFC 9457): their catalogue, and turning exceptions into them."""
