"""The same work by many processes of many machines, through Ray: networks are divided among them, programs travel.

Nothing else in eznas knows of Ray, and Ray is imported only where a command is given `--ray`.
"""
