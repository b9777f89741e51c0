"""What people see of a run: the live view, the tables and the final summary."""
