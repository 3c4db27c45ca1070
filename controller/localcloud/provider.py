"""`python -m controller.localcloud.provider`: the provider, as Terraform starts it.

Nothing heavy is imported here: another process may have imported it already.
"""

from __future__ import annotations

import sys

from controller.localcloud.forking.client import ask_for_provider


def main() -> int:
    """Serve the Terraform that has started us, by a process that is forked or by this one."""
    code = ask_for_provider()
    if code is not None:
        return code
    from controller.localcloud.local_provider import serve_localcloud  # a tenth of a second

    return serve_localcloud()


if __name__ == "__main__":
    sys.exit(main())
