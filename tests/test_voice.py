"""Assist: what the README promises, through Home Assistant's own agent, in English and Vietnamese."""

import asyncio

from homeassistant.components.conversation import async_converse
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Context, HomeAssistant
from homeassistant.helpers.intent import IntentResponseType
from homeassistant.setup import async_setup_component
import pytest

from tests.home import shows
from tests.mock_cloud import MockCloud

pytestmark = pytest.mark.slow

# Language, sentence, and the state of an endpoint of the cloud then.
SENTENCES = [
    # By the name of a gang, an outlet or a lamp.
    ("en", "turn off Đèn tranh", ("cong-tac-phong-khach", "2", {"on": False})),
    ("en", "turn on Quạt trần", ("cong-tac-phong-khach", "3", {"on": True})),
    ("vi", "tắt đèn tranh", ("cong-tac-phong-khach", "2", {"on": False})),
    ("vi", "bật quạt trần", ("cong-tac-phong-khach", "3", {"on": True})),
    # Several gangs have this name: with the room.
    ("en", "turn on Đèn trần in Bếp", ("cong-tac-bep", "1", {"on": True})),
    ("vi", "bật đèn trần ở bếp", ("cong-tac-bep", "1", {"on": True})),
    # All lights of a room, gangs included.
    ("en", "turn off the lights in Phòng khách", ("cong-tac-phong-khach", "1", {"on": False})),
    ("vi", "tắt đèn phòng khách", ("cong-tac-phong-khach", "1", {"on": False})),
    ("vi", "tắt đèn phòng khách", ("den-hat-tran", "1", {"on": False})),
    ("vi", "tắt tất cả đèn ở phòng khách", ("den-san-sofa", "1", {"on": False})),
    # All lights of the home.
    ("en", "turn off all the lights", ("cong-tac-bep", "2", {"on": False})),
    ("vi", "tắt tất cả đèn trong nhà", ("cong-tac-bep", "2", {"on": False})),
    # The later of two rooms of one name says its home.
    ("vi", "bật đèn phòng khách căn hộ mỹ đình", ("cong-tac-can-ho", "1", {"on": True})),
    # Brightness.
    ("en", "set Đèn tủ bếp brightness to 20%", ("den-tu-bep", "1", {"brightness": 20})),
    ("vi", "đặt độ sáng đèn tủ bếp 20%", ("den-tu-bep", "1", {"brightness": 20})),
    # Curtains.
    ("en", "close Rèm phòng khách", ("rem-phong-khach", "1", {"position": 0})),
    ("en", "set Rèm phòng khách to 30%", ("rem-phong-khach", "1", {"position": 30})),
    ("vi", "đóng rèm phòng khách", ("rem-phong-khach", "1", {"position": 0})),
    ("vi", "mở rèm phòng khách tới 30%", ("rem-phong-khach", "1", {"position": 30})),
    # Scenes.
    ("en", "activate Đi ngủ", ("den-dau-giuong", "1", {"on": True})),
    ("vi", "kích hoạt cảnh đi ngủ", ("den-dau-giuong", "1", {"on": True})),
]


@pytest.fixture(autouse=True)
async def assist(hass: HomeAssistant, entry: ConfigEntry) -> None:
    """Have Home Assistant's agent; it knows what is exposed to it by default."""
    assert await async_setup_component(hass, "homeassistant", {})
    assert await async_setup_component(hass, "conversation", {})
    await hass.async_block_till_done()


@pytest.mark.parametrize(("language", "sentence", "expected"), SENTENCES)
async def test_assist_does_what_it_is_told(
    hass: HomeAssistant, cloud: MockCloud, language: str, sentence: str, expected: tuple[str, str, dict[str, object]]
) -> None:
    """A curtain needs up to twenty seconds."""
    device_id, endpoint_id, wanted = expected
    result = await async_converse(hass, sentence, None, Context(), language=language)
    said = result.response.speech["plain"]["speech"]
    assert result.response.response_type is IntentResponseType.ACTION_DONE, said
    await asyncio.sleep(25)
    assert cloud.state(device_id, endpoint_id).items() >= wanted.items(), said


async def test_all_lights_of_a_room_are_no_fans(hass: HomeAssistant, cloud: MockCloud) -> None:
    """And no outlets; other rooms stay as they are."""
    cloud.touch("cong-tac-phong-khach", "3", on=True)
    await shows(hass, "switch.phong_khach_quat_tran", "on", within_s=1)
    await async_converse(hass, "tắt đèn phòng khách", None, Context(), language="vi")
    await asyncio.sleep(2)
    assert cloud.state("cong-tac-phong-khach", "3")["on"] is True
    assert cloud.state("o-cam-tivi", "1")["on"] is True
    assert cloud.state("cong-tac-bep", "2")["on"] is True
