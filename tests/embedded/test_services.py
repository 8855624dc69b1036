"""The servers that the tests themselves stand on."""

from pathlib import Path

import asyncpg
import psutil
from redis.asyncio import Redis

from app.embedded.services import test_services


async def test_services_answer_and_leave_no_process_behind(tmp_path: Path) -> None:
    before = {process.pid for process in psutil.process_iter()}
    with test_services(tmp_path) as services:
        connection = await asyncpg.connect(services.database_url.replace("+asyncpg", ""))
        version = await connection.fetchval("SHOW server_version_num")
        letters = await connection.fetchval("SELECT upper('çğıöşü')")
        await connection.close()
        redis = Redis.from_url(services.redis_url)
        events = await redis.config_get("notify-keyspace-events")
        await redis.aclose()
        assert int(version) >= 180000
        assert letters == "ÇĞIÖŞÜ"
        assert set("KEA") <= set(events["notify-keyspace-events"] or "")
    after = [process for process in psutil.process_iter() if process.pid not in before]
    assert not [process for process in after if str(tmp_path) in " ".join(process.cmdline())]


async def test_services_need_their_password(tmp_path: Path) -> None:
    with test_services(tmp_path) as services:
        address = services.database_url.replace("+asyncpg", "")
        user_and_password = address.split("@")[0].removeprefix("postgresql://")
        without = address.replace(user_and_password, "tezgah:wrong")
        try:
            await asyncpg.connect(without)
        except asyncpg.InvalidPasswordError:
            refused = True
        else:
            refused = False
    assert refused
