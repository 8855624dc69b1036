"""Where a sandbox may run, and for whom."""

import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from app.domain.payments.paytr.credentials import SANDBOX_MERCHANT
from app.domain.payments.paytr.messages import frame_form
from app.lib.clock import now
from app.lib.settings import Settings, SettingsError
from app.sandbox.book import OrderState
from app.sandbox.command import introduction, sandbox
from app.sandbox.config import SandboxConfig, sandbox_config
from app.sandbox.faults import Fault
from app.sandbox.simulator import Simulator
from tests.sandbox.conftest import Receiver, frame_request


def test_production_has_no_sandbox() -> None:
    with pytest.raises(SettingsError, match="production"):
        sandbox_config(Settings(env="production"))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.7", "tezgah.example"])  # noqa: S104 the point
def test_nobody_else_reaches_the_levers(host: str) -> None:
    with pytest.raises(SettingsError, match="this machine"):
        SandboxConfig(host=host)


def test_a_refusal_to_start_is_a_sentence_and_an_exit_code(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "app.sandbox", "--host", "0.0.0.0"],  # noqa: S104 the point
        cwd=tmp_path,
        env={"TEZGAH_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "this machine only" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_it_calls_back_where_the_service_listens() -> None:
    config = sandbox_config(Settings(port=8123), port=8999)
    assert config.callback_url == "http://127.0.0.1:8123/webhooks/paytr"
    assert config.base_url == "http://127.0.0.1:8999"


def test_it_knows_its_own_merchant_and_the_configured_one() -> None:
    settings = Settings(paytr_merchant_id="7", paytr_merchant_key="key", paytr_merchant_salt="salt")
    config = sandbox_config(settings)
    own = config.merchant("7")
    assert own is not None
    assert own.merchant_key == "key"
    assert config.merchant("100000") == SANDBOX_MERCHANT
    assert config.merchant("8") is None


async def test_a_page_left_open_ends_with_reason_6_at_its_time_limit(receiver: Receiver) -> None:
    simulator = Simulator(SandboxConfig(callback_url=receiver.url))
    opened_at = now()
    form = frame_form(SANDBOX_MERCHANT, frame_request(timeout_minutes=5))
    simulator.get_token(form, opened_at)
    order = simulator.book.find(form["merchant_oid"])
    assert order is not None
    try:
        simulator.expire_overdue(opened_at + timedelta(minutes=5, seconds=-1))
        assert (order.state, order.notices) == (OrderState.OPEN, [])
        for _ in range(2):
            simulator.expire_overdue(opened_at + timedelta(minutes=5))
        assert (order.state, order.reason_code, order.frame_open) == (OrderState.DECLINED, "6", False)
        assert len(order.notices) == 1
    finally:
        await simulator.close()


def test_what_it_prints_at_the_start_names_everything_but_secrets() -> None:
    settings = Settings(paytr_merchant_id="7", paytr_merchant_key="my-key", paytr_merchant_salt="my-salt")
    config = replace(sandbox_config(settings), seed="bahar", fault_rates={Fault.NEVER: 0.1})
    said = introduction(config)
    for part in (config.base_url, config.callback_url, "100000, 7", "bahar", "never 0.1"):
        assert part in said
    assert "my-key" not in said
    assert "my-salt" not in said


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--merchant", "7:key"], "merchant id, key and salt"),
        (["--merchant", "7: :salt"], "merchant id, key and salt"),
        (["--fault", "nothing=0.1"], "row_currency"),
        (["--fault", "never=often"], "row_currency"),
        (["--fault", "never=2"], "between 0 and 1"),
        (["--fault-rate", "-0.1"], "between 0 and 1"),
        (["--deny", "7:everything"], "recurring"),
        (["--host", "192.0.2.7"], "this machine"),
    ],
)
def test_an_option_that_cannot_be_meant_is_refused_with_a_sentence(options: list[str], sentence: str) -> None:
    ended = CliRunner().invoke(sandbox, options, obj=Settings())
    assert ended.exit_code != 0
    assert sentence in ended.output


def test_one_command_has_both_names() -> None:
    assert main.commands["sandbox"] is sandbox
