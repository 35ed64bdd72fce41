"""A client of the WeSMART cloud contract. It knows nothing of Home Assistant.

The contract is this project's own (docs/openapi.yaml, docs/asyncapi.yaml): WeSMART publishes none.

    async with ClientSession(middlewares=[keep_refusals]) as http:
        transport = Transport(http)
        endpoints = await discover(transport, server_origin(server))
        session = Session(transport, endpoints, await log_in(transport, endpoints, username, password))
        client = WeSmartClient(session)
        snapshot = await client.snapshot()
        for device in snapshot.devices:
            print(device.device.name, [type(endpoint).__name__ for endpoint in device.endpoints])
        lamp = next(e for d in snapshot.devices for e in d.endpoints if isinstance(e, LightEndpoint))
        await CommandPump(client.send_commands).execute(Command.set(lamp.key, on=True))
        await session.revoke()
"""

from .client import WeSmartClient
from .commands import Command
from .desk import SupportDesk
from .discovery import Endpoints, discover
from .feedback import Feedback
from .live import LiveHome
from .models import LightEndpoint
from .observer import HomeObserver
from .origins import server_origin
from .pump import CommandPump
from .rediscovery import Rediscovery
from .session import Session, Tokens, log_in, revoke
from .transport import Transport, keep_refusals

__all__ = [
    "Command",
    "CommandPump",
    "Endpoints",
    "Feedback",
    "HomeObserver",
    "LightEndpoint",
    "LiveHome",
    "Rediscovery",
    "Session",
    "SupportDesk",
    "Tokens",
    "Transport",
    "WeSmartClient",
    "discover",
    "keep_refusals",
    "log_in",
    "revoke",
    "server_origin",
]
