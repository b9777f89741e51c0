"""Runs: settings, the run directory, an evolution that can be resumed at any moment, and its summary."""
