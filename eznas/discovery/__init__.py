"""Level 2 of discovery: the search for scalar formulas over the features of a table, by the million."""
