"""`python -m controller`, and the `trueup` that pip installs."""

import sys

from controller.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
