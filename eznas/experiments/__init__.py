"""Experiments: what the paper's tables and figures show, measured again."""
