"""A practice and what it offers: practitioners, services, hours, policies, clients, packages."""
