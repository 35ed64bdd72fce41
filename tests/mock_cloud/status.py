"""What is known of a cloud beside the homes: accounts, tickets, settings, and faults."""

from dataclasses import asdict

from tests.mock_cloud.core import Core
from tests.mock_cloud.server import Server
from tests.mock_cloud.support import Support
from tests.mock_cloud.wire import Document


def status_document(core: Core, server: Server, support: Support) -> Document:
    """Return the status as JSON, without secrets; times are Unix time."""
    world = core.world
    return {
        "epoch": core.epoch,
        "streams": len(server.streams),
        "latency": server.latency,
        "heartbeat_s": server.heartbeat_s,
        "muted": server.muted,
        "faults": {name: value for name, value in asdict(server.faults).items() if name != "held"},
        "terms": {"version": world.terms_version, "required": world.terms_required},
        "maintenance": None if world.maintenance is None else asdict(world.maintenance),
        "accounts": [
            {
                "id": account.id,
                "full_name": account.full_name,
                "homes": account.homes,
                "terms_accepted": account.terms_accepted,
                "block": None if account.block is None else asdict(account.block),
                "sessions": len(core.sessions.live(account.id)),
            }
            for account in world.accounts
        ],
        "tickets": [
            {name: value for name, value in asdict(ticket).items() if name != "sent"}
            for account in world.accounts
            for ticket in support.of(account)
        ],
    }
