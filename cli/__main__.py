"""`python -m cli` is the same as the installed `microflight`."""

import sys

from cli.main import main

sys.exit(main())
