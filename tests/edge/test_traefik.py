"""Routes and authorisation through the real Traefik, and the whole way into a real editor."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from litestar import Litestar
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.domain.workspaces.drivers.code_server import code_server_command
from app.domain.workspaces.drivers.process import ProcessDriver
from app.domain.workspaces.routing import Route
from app.lib.settings import Settings
from app.tasks.context import Resources
from app.tasks.workspaces import machinery_of
from tests.conftest import BASE_URL, browser
from tests.domain.workspaces.contract import open_folder
from tests.domain.workspaces.desk import work_off
from tests.edge.conftest import Edge, Place
from tests.edge.real import Front, mirror, real_edge


async def test_a_route_goes_live_lets_only_members_in_and_dies_when_deleted(
    application: Litestar, settings: Settings, resources: Resources, place: Place, edge: Edge, tmp_path: Path
) -> None:
    routes, cookie = resources.routes, edge.cookie(place.entry())
    async with mirror() as backend, real_edge(application, settings, tmp_path) as front:
        await front.until(302, place.host)  # the fake's own route is live
        await routes.write(Route(place.workspace_id, place.host.partition(".")[0], backend))
        live = await front.until(200, place.host, Cookie=cookie)
        await routes.write(Route(place.workspace_id, place.host.partition(".")[0], backend))
        await passes_what_it_should(front, place, cookie)
        await turns_strangers_away(front, place)
        await routes.remove(place.workspace_id)
        await routes.remove(place.workspace_id)
        dead = await front.until(503, place.host, Cookie=cookie)
        page = await front.get(place.host, Cookie=cookie)
    assert f'href="{BASE_URL}/workspaces"' in page.text
    assert live < 3
    assert dead < 3
    log = (tmp_path / "logs" / "traefik.log").read_text()
    assert "invalid rule" not in log
    assert '"level":"error"' not in log


async def passes_what_it_should(front: Front, place: Place, cookie: str) -> None:
    """The backend sees the client's other cookies, the secret and who it is; nothing a client made up."""
    answer = await front.get(
        place.host,
        **{
            "Cookie": f"theme=dark; {cookie}; session=app",
            "X-Tezgah-User": "somebody",
            "X_Tezgah_User": "else",
        },
    )
    seen = answer.json()
    assert re.fullmatch(r"theme=dark; session=app; code-server-session=[0-9a-f]{64}", seen["cookie"])
    assert seen["x-tezgah-user"] == str(place.customer.user.id)
    assert "x_tezgah_user" not in seen
    assert seen["host"] == place.host
    assert "set-cookie" not in answer.headers


async def turns_strangers_away(front: Front, place: Place) -> None:
    """Neither a forged header of the proxy nor the editor's own cookie helps."""
    answer = await front.get(place.host, **{"X-Forwarded-Host": "other--acme.workspaces.localhost"})
    assert answer.headers["location"] == f"{BASE_URL}/workspaces/open/shop--acme"
    answer = await front.get(place.host, Cookie="code-server-session=guess", **{"Sec-Fetch-Mode": "cors"})
    assert (answer.status_code, answer.text) == (401, "")
    unknown = await front.get("nobody--acme.workspaces.localhost")
    assert unknown.status_code == 503


async def test_the_whole_way_from_the_app_into_a_real_editor(
    application: Litestar, settings: Settings, resources: Resources, place: Place, tmp_path: Path
) -> None:
    with open_folder() as root:
        driver = ProcessDriver(root, code_server_command(Path(".tezgah")))
        machinery = replace(machinery_of(resources), driver=driver)
        async with real_edge(application, settings, tmp_path) as front:
            workspace_id = await place.desk.create("real")
            await work_off(machinery)
            try:
                host = f"real--acme.{settings.workspace_domain}"
                await front.until(302, host)
                cookie = await enter(application, front, place, host)
                page = await front.get(host, "/?folder=/", Cookie=cookie)
                assert page.status_code == 200
                assert "workbench" in page.text
                assert "code-server-session" not in page.text + str(page.headers)
                assert await shakes_hands(front, host, cookie) == 101
                assert await shakes_hands(front, host, "") == 401
            finally:
                await place.desk.delete(workspace_id)
                await work_off(machinery)
            await front.until(503, host, Cookie=cookie)


async def enter(application: Litestar, front: Front, place: Place, host: str) -> str:
    """Log in to the app, ask it to open the workspace, and return the cookie that its host gives."""
    async with browser(application) as app:
        await place.customer.log_in(app)
        strayed = await front.get(host)
        opened = await app.get(strayed.headers["location"])
        session = app.cookies["session"]
    assert opened.status_code == 303
    address, path = opened.headers["location"].split(".localhost", 1)
    assert f"{address}.localhost" == f"http://{host}"
    admitted = await front.get(host, path)
    assert admitted.headers["location"] == f"http://{host}/"
    assert session not in str(admitted.headers)
    assert (await front.get(host, path)).headers["location"].startswith(BASE_URL)
    return str(admitted.headers["set-cookie"].split(";")[0])


async def shakes_hands(front: Front, host: str, cookie: str) -> int:
    """Open the editor's websocket and return the status of the handshake."""
    address = f"ws://{host}/?reconnectionToken={uuid4()}&reconnection=false&skipWebSocketFrames=false"
    headers = {"Cookie": cookie} if cookie else {}
    try:
        async with connect(
            address,
            host="127.0.0.1",
            port=front.port,
            origin=f"http://{host}",  # type: ignore[arg-type]  # an Origin is a string
            additional_headers=headers,
            proxy=None,
        ) as socket:
            assert socket.response is not None
            return socket.response.status_code
    except InvalidStatus as refusal:
        return refusal.response.status_code
