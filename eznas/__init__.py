"""Evolve zero-cost proxies: programs that rank untrained neural networks as their trained accuracy would."""
