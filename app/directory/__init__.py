"""Records: practitioners, clients, locations, services, packages, and the practice itself."""
