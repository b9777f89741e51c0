"""The Python API over a user's own networks: score, rank, search; `eznas/__init__.py` lists the public names."""
