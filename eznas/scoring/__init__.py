"""From programs and networks to scores, and how well these rank the networks."""
