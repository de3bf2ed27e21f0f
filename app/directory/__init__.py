"""The practice's records: practitioners, clients, locations, services, packages, the practice."""
