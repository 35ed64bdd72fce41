# ruff: noqa: INP001  # no package: the folder is put into the path of the Home Assistant that is started
"""Stands in for the package of this name, which needs a library of the system's; the demo has no camera."""


class TurboJPEG:
    """Would compress a camera's pictures; every Home Assistant makes one when it starts, and reports if it cannot."""
