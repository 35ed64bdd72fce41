"""Which room belongs to which home."""

from script.demo_home.registries import Area, Device, Registries
from script.demo_home.rooms import ROOM_ICON, HomePlan, plan_homes, room_icon

AREAS = [Area(area_id="khach", name="Phòng khách"), Area(area_id="ban_cong", name="Ban công")]
PANEL = Device(id="panel", serial_number="TP4", area_id="khach")
GANG = Device(id="gang", parent_device_id="panel", area_id="ban_cong")


def test_a_room_is_in_the_home_of_the_devices_and_their_parts_in_it() -> None:
    """A gang that switches another room's lamp is a part of a panel of the same home."""
    registries = Registries(floors=[], areas=AREAS, devices=[GANG, PANEL], entities=[])
    assert plan_homes(registries, {"TP4": "Nhà Hà Nội"}, ["Nhà Hà Nội", "Căn hộ"]) == [
        HomePlan("Nhà Hà Nội", ("khach", "ban_cong")),
        HomePlan("Căn hộ", ()),
    ]


def test_devices_of_others_belong_to_no_home() -> None:
    """Home Assistant may have devices that no cloud of ours knows."""
    printer = Device(id="printer", serial_number="P1", area_id="khach")
    registries = Registries(floors=[], areas=AREAS, devices=[printer], entities=[])
    assert plan_homes(registries, {"TP4": "Nhà Hà Nội"}, ["Nhà Hà Nội"]) == [HomePlan("Nhà Hà Nội", ())]


def test_a_room_has_the_icon_of_the_longest_name_that_fits() -> None:
    """The child's bedroom is a bedroom, too."""
    assert room_icon("Phòng ngủ của bé") == "mdi:teddy-bear"
    assert room_icon("Phòng ngủ chính") == "mdi:bed"
    assert room_icon("Phòng khách (Nhà Hà Nội)") == "mdi:sofa"
    assert room_icon("Gác xép") == ROOM_ICON
