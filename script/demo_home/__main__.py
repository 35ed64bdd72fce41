"""Starts what `script/demo` says on its command line."""

import signal
import sys

# Until there is something to clean up, Ctrl-C ends the demo without a word. The imports below take a second.
signal.signal(signal.SIGINT, signal.SIG_DFL)
# It may have come already: see script/patient.
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})

from .command import main  # noqa: E402  # see above

if __name__ == "__main__":
    sys.exit(main())
