"""What the commands of the secret key do, on the database alone."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.domain.ops import key_rotation
from app.lib.clock import real_now
from app.lib.crypto import Keys


async def rotate_secrets(
    session_maker: async_sessionmaker[AsyncSession], keys: Keys, progress: Callable[[str, int], None]
) -> dict[str, Any]:
    """Write what older keys made anew under the newest one; return what that did, and what is left."""
    done = await key_rotation.rotate(session_maker, keys, at=real_now(), progress=progress)
    return {
        "rewritten": done.rewritten,
        "unreadable": done.unreadable,
        **await check_secrets(session_maker, keys),
    }


async def check_secrets(session_maker: async_sessionmaker[AsyncSession], keys: Keys) -> dict[str, Any]:
    """Return what still needs an older key, and why the older keys may not be dropped yet."""
    found = await key_rotation.standing(session_maker, keys)
    return {
        "key": keys.name,
        "older_keys": len(keys.older),
        "columns": [
            {"column": name, "newest": tally.newest, "older": tally.older, "unreadable": tally.unreadable}
            for name, tally in found.columns.items()
        ],
        "running_workspaces": found.editors,
        "links_until": found.links_until,
        "reasons": found.reasons(keys, real_now()),
    }
