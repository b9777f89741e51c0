"""Every formula of a few nodes: which is the best one, without a search."""
