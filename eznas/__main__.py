"""`python -m eznas` is the same as `eznas`."""

import sys

from eznas.cli import main

sys.exit(main())
