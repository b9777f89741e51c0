"""Names in the file of what a report shows of single networks, for those who write it and those who read it.

Its content is `{"benchmarks": {NAME: {"training": ..., "held_out": ..., "units": ...}}}`, see `network_detail.py`; a
part that was not measured is missing. This module loads nothing.
"""

from __future__ import annotations

from typing import Final

NETWORKS: Final = "networks.json"
"""The name of the file in the folder of a run, a discovery or an enumeration."""

BEST: Final = "best"
"""What the reported program or formula is called among the scores."""
