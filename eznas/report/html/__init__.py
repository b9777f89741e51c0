"""`report.html`: one self-contained page for a run, a discovery, an enumeration, an experiment, or several of them."""
