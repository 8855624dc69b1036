"""The main story over HTTP: sign up, pay, be activated; PayTR's messages are real ones."""

from tests.conftest import Browser
from tests.factories import PASSWORD


async def test_signing_up_leads_straight_to_the_dashboard(client: Browser) -> None:
    answer = await client.submit(
        "/register",
        company_name="Işık Yazılım A.Ş.",
        full_name="Ada Çağlar",
        email="ada@example.com",
        password=PASSWORD,
        plan="team",
        accept_terms="yes",
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard")
    assert (await client.get("/dashboard")).status_code == 200
