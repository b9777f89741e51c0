"""How well two rankings agree: rank correlations, weighted or not, and their bootstrap intervals."""
