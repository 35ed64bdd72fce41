"""Starts what `script/setup` says on its command line."""

import signal
import sys

# Ctrl-C ends setup without a word: what is half done is done anew the next time.
signal.signal(signal.SIGINT, signal.SIG_DFL)
# It may have come already: see script/patient.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

from .setup import main  # noqa: E402  # see above

if __name__ == "__main__":
    sys.exit(main())
