"""`/v1/me` and `/v1/packages`: a client's own record, practice and packages."""
