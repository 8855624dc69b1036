"""The yardsticks for pages and callbacks: Litestar alone, doing the same kind of work without a product."""

import base64
import hashlib
import hmac
from typing import Any

from jinja2 import DictLoader, Environment
from litestar import Litestar, MediaType, Request, get, post
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.response import Template
from litestar.template import TemplateConfig

KEY = b"bench"
PAGE = """<!doctype html><title>{{ title }}</title><h1>{{ title }}</h1><table>
{% for row in rows %}
<tr><td>{{ row.number }}</td><td>{{ row.name }}</td><td>{{ row.amount }}</td></tr>
{% endfor %}
</table>"""


@post("/callback", media_type=MediaType.TEXT, status_code=200)
async def callback(request: Request[Any, Any, Any]) -> str:
    """Read a form and compare its HMAC."""
    form = await request.form()
    message = f"{form['merchant_oid']}{form['status']}{form['total_amount']}".encode()
    expected = base64.b64encode(hmac.new(KEY, message, hashlib.sha256).digest()).decode()
    hmac.compare_digest(expected, str(form["hash"]))
    return "OK"


@get("/page", sync_to_thread=False)
def page() -> Template:
    """Render a page of thirty rows."""
    rows = [{"number": number, "name": f"row {number}", "amount": number * 100} for number in range(30)]
    return Template("page.html", context={"title": "Bare", "rows": rows})


def create_app() -> Litestar:
    """Return the bare application."""
    environment = Environment(loader=DictLoader({"page.html": PAGE}), autoescape=True)
    return Litestar(
        [callback, page],
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(environment)),
        openapi_config=None,
    )
