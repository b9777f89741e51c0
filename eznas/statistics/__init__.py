"""The 22 statistics of a network's units: finding the units, collecting the statistics, and keeping them."""
