"""`python -m sgdwalk`: the command `sgdwalk`."""

import sys

from sgdwalk.command_line.main import main

if __name__ == "__main__":
    sys.exit(main())
