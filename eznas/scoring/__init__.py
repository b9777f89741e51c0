"""From programs and networks to scores, and from scores to rank correlations with intervals."""
