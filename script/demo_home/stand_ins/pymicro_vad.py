# ruff: noqa: INP001  # no package: the folder is put into the path of the Home Assistant that is started
"""Stands in for the package of this name, which has to be compiled; the demo never listens to anybody."""


class MicroVad:
    """Would find speech in a recording; the name is imported by every Home Assistant."""

    def __init__(self) -> None:
        raise NotImplementedError("the demo is without speech")
