"""What happens, step by step: made at random from a seed, played, and printed as a test when it breaks a promise."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random

from custom_components.wesmart.cloud.commands import Command
from custom_components.wesmart.cloud.models import EndpointKey
from tests.cloud.simulation.agenda import Agenda
from tests.cloud.simulation.cloud import CURTAIN, EFFECT, GANGS, LAMP, PLUG, SimulatedCloud
from tests.cloud.simulation.home import Caller, Parts, SimulatedHome
from tests.cloud.simulation.link import Link
from tests.cloud.simulation.promises import BrokenPromiseError
from tests.cloud.simulation.witness import Witness

# How long after the last step everything must be right: a silent stream, a backoff and a doubt, one after the other.
QUIET_S = 240


@dataclass(frozen=True, slots=True)
class Pass:
    """Time passes."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Somebody else changes the state of a thing."""

    key: tuple[str, str]
    fields: dict[str, object]


@dataclass(frozen=True, slots=True)
class Call:
    """An action of Home Assistant is called; without fields the curtain is stopped."""

    key: tuple[str, str]
    fields: dict[str, bool | float | str | None]


@dataclass(frozen=True, slots=True)
class Flood:
    """So many actions are called at once, each of which is a command of its own: the curtain is stopped."""

    count: int


@dataclass(frozen=True, slots=True)
class Fault:
    """The next frame, command request, fetch or connection has bad luck."""

    on: str
    kind: str


@dataclass(frozen=True, slots=True)
class Do:
    """Something happens that is said in a word; `what` is a device or a home where there is one."""

    verb: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Restart:
    """Home Assistant starts anew, with a clock that is so far ahead."""

    clock_ahead_s: float


type Step = Pass | Press | Call | Flood | Fault | Do | Restart

_FAULTS = {
    "frame": ("lose", "double", "delay", "garble"),
    "command": ("lose", "late", "very late", "double", "unanswered", "slow", "swallow", "429", "503", "long"),
    "fetch": ("lose", "delay", "busy", "long"),
    "connect": ("lose", "busy"),
}
# What costs nobody more than its event, and what costs the client a request.
_CALM = ("press", "unknown", "backup", "offline", "online", "rename", "remove", "add")
_CALM_HOMES = ("remove home", "add home", "rename home")
_TROUBLE = ("cut", "mute", "down", "up", "burst", "send", "forget", "restart", "restore", "fail over")
_OF_DEVICES = ("offline", "online", "rename", "remove", "add")
_DEVICES = ("lamp", "panel", "curtain", "plug", "button")
_CLOCKS_S = (0.0, 0.0, 40.0, 7 * 3600.0, -7 * 3600.0, 100 * 86_400.0)
_KEYS = (LAMP, LAMP, LAMP, *GANGS, CURTAIN, PLUG)


def random_schedule(seed: int) -> list[Step]:
    """Return what happens under a seed; each value comes once, so that it can be told from all others."""
    rng = Random(seed)
    # A schedule with everything in it would be nothing but noise: each has its own mood.
    calm = rng.random() < 0.1
    moods = {
        "call": (1, 2, 4),
        "change": (1, 2),
        "press": (0, 0, 0, 2),
        "pass": (2,),
        "fault": (0,) if calm else (1, 1, 3),
        "do": (1,),
        "restart": (0, 0, 1),
    }
    weights = [rng.choice(mood) for mood in moods.values()]
    verbs = rng.sample(_CALM + _CALM_HOMES + (() if calm else _TROUBLE), 6)
    on = rng.sample(sorted(_FAULTS), 2)
    keys = _KEYS if rng.random() < 0.7 else (rng.choice(_KEYS),)
    patience = rng.choice((0.02, 0.2, 2.0))
    steps: list[Step] = []
    for number, kind in enumerate(rng.choices(list(moods), weights, k=rng.randrange(7, 29)), 1):
        match kind:
            case "call":
                key, fields = _call(rng, rng.choice(keys), number)
                steps.append(Call((key.device_id, key.endpoint_id), fields))
            case "change":
                key, changes = _change(rng, rng.choice(keys), number)
                steps.append(Press((key.device_id, key.endpoint_id), changes))
            case "press":
                steps.append(Do("press"))
            case "pass":
                steps.append(Pass(round(rng.expovariate(1 / patience), 3)))
            case "fault":
                where = rng.choice(on)
                steps.append(Fault(where, rng.choice(_FAULTS[where])))
            case "do":
                verb = rng.choice(verbs)
                what = rng.choice(("home", "other")) if verb in _CALM_HOMES else rng.choice(_DEVICES)
                steps.append(Do(verb, what if verb in _OF_DEVICES + _CALM_HOMES else ""))
            case "restart":
                steps.append(Restart(rng.choice(_CLOCKS_S)))
    if rng.random() < 0.01:
        steps.insert(rng.randrange(len(steps)), Flood(rng.randrange(201, 250)))
    return steps


type _Fields = dict[str, bool | float | str | None]


def _call(rng: Random, key: EndpointKey, number: int) -> tuple[EndpointKey, _Fields]:
    """Return what somebody commands."""
    if key == CURTAIN:
        # Stopped, called back to where it was in the beginning, or sent somewhere.
        return key, {} if rng.random() < 0.3 else {"position": rng.choice((0.0, float(number), float(number)))}
    if key != LAMP:
        return key, {"on": rng.random() < 0.5}
    match rng.randrange(6):
        case 0:
            return key, {"on": rng.random() < 0.5}
        case 1:
            return key, {"color_temp_kelvin": 3000.0 + number}
        case 2:
            return key, {"hue": float(number), "saturation": 50.0}
        case 3:
            return key, {"effect": rng.choice((EFFECT, None))}
        case 4:
            return key, {"effect": "none that the lamp has"}
    return key, {"on": True, "brightness": 1 + number / 10}


def _change(rng: Random, key: EndpointKey, number: int) -> tuple[EndpointKey, dict[str, object]]:
    """Return what becomes of a thing by hand."""
    if key == CURTAIN:
        return key, {"position": float(number), "motion": "swinging" if rng.random() < 0.2 else "stopped"}
    if key == PLUG:
        return key, {"power_w": None if rng.random() < 0.2 else float(number)}
    if key != LAMP:
        return key, {"on": rng.random() < 0.5}
    match rng.randrange(5):
        case 0:
            return key, {"on": rng.random() < 0.5}
        case 1:
            return key, {"color_temp_kelvin": 3000.0 + number, "mode": "white", "effect": None}
        case 2:
            return key, {"hue": float(number), "saturation": 50.0, "mode": "color", "effect": None}
        case 3:
            return key, {"mode": "rainbow"}
    return key, {"on": True, "brightness": None if rng.random() < 0.2 else 1 + number / 10}


def play(steps: Sequence[Step], parts: Parts | None = None, *, tags_lag: bool = False) -> None:
    """Play a schedule and wait for quiet; raises BrokenPromiseError."""
    agenda = Agenda()
    cloud = SimulatedCloud(agenda)
    link = Link(agenda, cloud)
    link.tags_lag = tags_lag
    witness = Witness(agenda, cloud, link)
    home = witness.home = SimulatedHome(agenda, link, witness, parts or Parts())
    home.begin()
    agenda.run_until(agenda.now + 1)
    troubles, calm = 0, True
    for number, step in enumerate(steps):
        troubles += isinstance(step, Fault | Do)
        calm &= not isinstance(step, Fault) and not (isinstance(step, Do) and step.verb in _TROUBLE)
        _take(step, number, agenda, cloud, link, witness)
        witness.look()
    link.end_burst()
    link.heal()
    for _ in range(4):
        agenda.run_until(agenda.now + QUIET_S / 4)
        witness.look()
    if calm:
        # Where nothing goes wrong, polling has to find out once that there is nothing to find out.
        witness.judge(most_fetches=1, most_bodies=0)
    else:
        witness.judge(most_fetches=8 + 3 * troubles + agenda.now / 20)


def _take(step: Step, number: int, agenda: Agenda, cloud: SimulatedCloud, link: Link, witness: Witness) -> None:
    match step:
        case Pass(seconds):
            agenda.run_until(agenda.now + seconds)
        case Press(key, fields):
            cloud.write(EndpointKey(*key), dict(fields))
        case Call(key, fields):
            _call_action(EndpointKey(*key), fields, number, agenda, witness)
        case Flood(count):
            for _ in range(count):
                _call_action(CURTAIN, {}, number, agenda, witness)
        case Fault(on, kind):
            queues = {
                "frame": link.frame_faults,
                "command": link.command_faults,
                "fetch": link.fetch_faults,
                "connect": link.connect_faults,
            }
            queues[on].append(kind)
        case Restart(clock_ahead_s):
            assert witness.home is not None
            witness.home.restart(clock_ahead_s)
        case Do(verb, what):
            _do(verb, what, cloud, link, witness)


def _call_action(key: EndpointKey, fields: _Fields, number: int, agenda: Agenda, witness: Witness) -> None:
    caller = Caller(number, Command.set(key, **fields) if fields else Command.stop(key), agenda.now)
    witness.callers.called(caller)
    assert witness.home is not None
    witness.home.call(caller)


def _do(verb: str, what: str, cloud: SimulatedCloud, link: Link, witness: Witness) -> None:
    def restored(lose_streams: Callable[[], None]) -> None:
        link.end_burst()
        lose_streams()
        witness.callers.restores += 1
        cloud.restore()

    def restarted() -> None:
        link.cut()
        cloud.forget()

    verbs: dict[str, Callable[[], None]] = {
        "cut": link.cut,
        "mute": link.mute,
        "down": lambda: link.set_down(True),
        "up": lambda: link.set_down(False),
        "burst": link.begin_burst,
        "send": link.end_burst,
        "forget": cloud.forget,
        "press": cloud.press,
        "unknown": cloud.count_unknown,
        "restart": restarted,
        "backup": cloud.back_up,
        "restore": lambda: restored(link.cut),
        "fail over": lambda: restored(link.orphan),
        "offline": lambda: cloud.change_device(what, online=False),
        "online": lambda: cloud.change_device(what, online=True),
        "rename": lambda: cloud.change_device(what, name="another"),
        "remove": lambda: cloud.remove_device(what),
        "add": lambda: cloud.add_device(what),
        "remove home": lambda: cloud.remove_home(what),
        "add home": lambda: cloud.add_home(what),
        "rename home": lambda: cloud.rename_home(what),
    }
    verbs[verb]()


def breaks(steps: Sequence[Step], parts: Parts, *, tags_lag: bool = False) -> str | None:
    """Return which promise a schedule breaks, None for none."""
    try:
        play(steps, parts, tags_lag=tags_lag)
    except BrokenPromiseError as err:
        return str(err)
    return None


def shrunk(steps: Sequence[Step], parts: Parts, *, tags_lag: bool = False) -> list[Step]:
    """Return as few of the steps as still break a promise."""
    left = list(steps)
    size = len(left) // 2
    while size:
        start = 0
        while start < len(left):
            fewer = left[:start] + left[start + size :]
            if breaks(fewer, parts, tags_lag=tags_lag):
                left = fewer
            else:
                start += size
        size //= 2
    return left


def as_test(steps: Sequence[Step], seed: int, reason: str) -> str:
    """Return the text of a test that plays the steps."""
    lines = "".join(f"            {step!r},\n" for step in steps)
    return (
        f"def test_schedule_{seed}() -> None:\n"
        f'    """Keeps what seed {seed} broke: {reason.replace(chr(34), chr(39))}."""\n'
        f"    play(\n        [\n{lines}        ]\n    )\n"
    )
