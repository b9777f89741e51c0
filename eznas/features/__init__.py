"""Level 1 of discovery: features, programs that give one number per unit, and the tables that hold their values."""
