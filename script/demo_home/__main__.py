"""Run the command line of script/demo, which starts this with Ctrl-C ignored: Python would answer it with a traceback."""

import signal
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)

from .command import main  # noqa: E402  # these imports take a second

if __name__ == "__main__":
    sys.exit(main())
