"""What the demo itself writes into Home Assistant, in the languages it can be started in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Texts:
    """The words of the dashboard."""

    dashboard: str
    scenes: str
    elsewhere: str
    """The heading over what is in no room."""


TEXTS = {
    "en": Texts(dashboard="Our homes", scenes="Scenes", elsewhere="Not in a room"),
    "vi": Texts(dashboard="Nhà của chúng tôi", scenes="Ngữ cảnh", elsewhere="Chưa xếp phòng"),
}
