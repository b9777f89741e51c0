"""`python -m eznas` is the same as `eznas`."""

import sys

from eznas.cli.app import main

sys.exit(main())
