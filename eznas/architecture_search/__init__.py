"""Search for a good architecture with a proxy in the place of training; evolution of proxies is in `eznas.search`."""
