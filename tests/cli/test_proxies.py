"""A proxy that the environment names is used, or refused by the variable's name before anything runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.program import environment, livestory

if TYPE_CHECKING:
    from pathlib import Path

CONFIGURATION = """
[alerts.channels.hook]
service = "webhook"
address_env = "HOOK"
"""
COMMANDS = (
    ("alert", "test"),
    ("alert",),
    ("serve", "--alerts", "--port", "0"),
    ("export", "--prometheus", "http://127.0.0.1:9", "--out", "x.csv"),
)
SECRET = "canary-proxy-3d1"  # noqa: S105 - invented


@pytest.mark.parametrize(
    ("variable", "address"),
    [
        ("ALL_PROXY", f"socks5://user:{SECRET}@127.0.0.1:1"),
        ("all_proxy", "socks://127.0.0.1:1"),
        ("HTTP_PROXY", "http://[::1"),
        ("HTTPS_PROXY", f"http://user:{SECRET}@proxy:99999"),
        ("https_proxy", "'http://proxy:3128'"),
        ("SSL_CERT_FILE", "/nowhere"),
    ],
)
def test_what_can_not_be_used_is_one_message_that_names_the_variable(
    tmp_path: Path, variable: str, address: str
) -> None:
    """With every command that asks somebody by HTTP; a password in it is not shown."""
    (tmp_path / "livestory.toml").write_text(CONFIGURATION)
    env = environment(HOOK="http://127.0.0.1:9/x", **{variable: address})
    every = variable in {"ALL_PROXY", "HTTP_PROXY"}
    for command in COMMANDS if every else COMMANDS[:1]:
        done = livestory(*command, cwd=tmp_path, env=env)
        assert (done.returncode, done.stdout) == (2, ""), (command, done)
        assert variable in done.stderr.splitlines()[0], command
        assert done.stderr.count("\n") == 2
        assert SECRET not in done.stderr
