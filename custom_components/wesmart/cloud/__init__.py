"""A client of the WeSMART cloud contract. It does not depend on Home Assistant.

The contract is this project's own (docs/openapi.yaml, docs/asyncapi.yaml): WeSMART publishes none.

    async with ClientSession(middlewares=[follow_no_redirects]) as aiohttp_session:
        http = HttpClient(aiohttp_session)
        endpoints = await discover(http, server_origin(server))
        session = Session(http, endpoints, await log_in(http, endpoints, username, password))
        client, state = WeSmartClient(session), HomeState()
        connection = Connection(client, state, on_changes=print)
        await connection.refresh()
        for key, endpoint in state.endpoints.items():
            print(state.devices[key.device_id].name, type(endpoint).__name__)
        lamp = next(key for key, endpoint in state.endpoints.items() if isinstance(endpoint, LightEndpoint))
        await connection.queue.execute(Command.set(lamp, on=True))
        await session.revoke()

To stay current, poll with `refresh` and keep `connection.run()` running: it follows the event stream.
"""

from .auth import CLIENT_ID, Session, Tokens, exchange_code, log_in
from .client import WeSmartClient
from .commands import Command, CommandQueue
from .connection import Connection, ConnectionStatus
from .discovery import Endpoints, discover, http_address, server_origin
from .http import HttpClient, follow_no_redirects
from .models import LightEndpoint
from .state import HomeState

__all__ = [
    "CLIENT_ID",
    "Command",
    "CommandQueue",
    "Connection",
    "ConnectionStatus",
    "Endpoints",
    "HomeState",
    "HttpClient",
    "LightEndpoint",
    "Session",
    "Tokens",
    "WeSmartClient",
    "discover",
    "exchange_code",
    "follow_no_redirects",
    "http_address",
    "log_in",
    "server_origin",
]
