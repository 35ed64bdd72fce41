"""Run the command line of script/setup, which starts this with Ctrl-C ignored: Python would answer it with a traceback."""

import signal
import sys

# What is unfinished is repeated by the next start.
signal.signal(signal.SIGINT, signal.SIG_DFL)

from .environment import main  # noqa: E402  # see above

if __name__ == "__main__":
    sys.exit(main())
