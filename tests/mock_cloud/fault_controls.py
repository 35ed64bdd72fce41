"""Controls of the mock cloud that break the connection to it. Mixed into `MockCloud`."""

from aiohttp import WSMsgType

from tests.mock_cloud.faults import Faults
from tests.mock_cloud.server import Server
from tests.mock_cloud.stream import Spoiler


class FaultControls:
    """Lost, late, doubled, reordered and invalid messages."""

    _server: Server

    def lose_answers(self, count: int = 1) -> None:
        """Carry out the next requests, but drop their connections instead of responding."""
        self._server.faults.lost_answers += count

    def mute(self, muted: bool) -> None:
        """Keep the streams open but send nothing, heartbeats included; pending events are sent after unmuting."""
        self._server.muted = muted
        for stream in self._server.streams:
            stream.mute(muted)

    def say(self, content: str | bytes, opcode: WSMsgType | None = None) -> None:
        """Send an extra frame on all streams, unchecked; bytes make a binary frame."""
        opcode = opcode or (WSMsgType.TEXT if isinstance(content, str) else WSMsgType.BINARY)
        for stream in self._server.streams:
            stream.send_raw(opcode, content.encode() if isinstance(content, str) else content)

    def spoil_frames(self, spoiler: Spoiler | None) -> None:
        """Replace each text frame by what `spoiler` returns for it."""
        self._server.frame_spoiler = spoiler
        for stream in self._server.streams:
            stream.spoiler = spoiler

    def spoil_snapshots(self, spoiler: Spoiler | None) -> None:
        """Replace each snapshot by what `spoiler` returns for it."""
        self._server.snapshot_spoiler = spoiler

    def drop_next(self, n: int = 1) -> None:
        """Lose the next `n` pushed events."""
        self._server.faults.drop += n

    def delay_next(self, n: int = 1, seconds: float = 1) -> None:
        """Push the next `n` events late, so that others may overtake them."""
        self._server.faults.delay += n
        self._server.faults.delay_s = seconds

    def double_next(self, n: int = 1, apart: float = 0) -> None:
        """Push the next `n` events twice, the second time `apart` seconds later."""
        self._server.faults.double += n
        self._server.faults.apart_s = apart

    def reorder_next(self, n: int = 2) -> None:
        """Hold back the next `n` events, then push them in reverse order."""
        self._server.faults.reorder = n

    def heal(self) -> None:
        """End all faults; events held back for reordering are lost."""
        self._server.faults = Faults()
        self._server.latency = 0
        self.mute(False)
