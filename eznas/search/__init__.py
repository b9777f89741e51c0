"""The search for programs: evolution, and the fitness that drives it."""
