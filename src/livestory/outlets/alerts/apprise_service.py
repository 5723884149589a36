"""Everything that Apprise speaks to: e-mail, Slack, Matrix, Pushover, SMS and a hundred more. An extra."""

from __future__ import annotations

import asyncio
import logging
import warnings
from typing import TYPE_CHECKING

from livestory.errors import ConfigError
from livestory.extras import missing
from livestory.outlets.alerts.http import NotAccepted
from livestory.outlets.alerts.message import unmentioned

if TYPE_CHECKING:
    from livestory.credentials import Secret
    from livestory.outlets.alerts.http import Http
    from livestory.outlets.alerts.message import Message
    from livestory.outlets.alerts.settings import ChannelSettings

_PATIENCE = 60.0  # seconds; each of its services has timeouts of its own below that
_LONGEST = 2000  # characters; it shortens further for a service that takes less


class Apprise:
    """A service by the address that Apprise gives it, such as mailto://user:password@example.org."""

    most_lines = 10_000

    def __init__(self, section: str, _settings: ChannelSettings, address: Secret | None, _token: Secret | None) -> None:
        """Raises InputError where Apprise is not installed, ConfigError where it doesn't know the address."""
        logging.getLogger("apprise").disabled = True  # its lines have addresses in them
        for name in ("apprise", "urllib3", "requests", "requests_oauthlib", "oauthlib"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its hundred plugins' own
            try:
                import apprise  # noqa: PLC0415 - large, and only for who asks for it
            except ImportError as error:
                raise missing(error, section, "alerts") from None
            asset = apprise.AppriseAsset(storage_mode="memory", interpret_escapes=False, allow_templates=False)
            self._apprise = apprise.Apprise(asset=asset)
            known = self._apprise.add(address.reveal() if address else "")
        if not known:
            message = f"the address of {section}: Apprise does not know such a service\nWrite it as its page says."
            raise ConfigError(message)

    async def send(self, message: Message, http: Http) -> None:  # noqa: ARG002 - it has connections of its own
        """Apprise says only whether it was accepted."""
        text = message.text(_LONGEST, safe=unmentioned, titled=False)
        level = "failure" if message.critical else "info"
        try:
            async with asyncio.timeout(_PATIENCE):
                accepted = await self._apprise.async_notify(
                    body=text, title=message.title, notify_type=level, body_format="text"
                )
        except TimeoutError:
            problem = f"gives no answer within {_PATIENCE:g}s"
            raise NotAccepted(problem, in_doubt=True) from None
        except Exception as error:  # noqa: BLE001 - whatever one of a hundred plugins may raise, with whatever in it
            problem = f"Apprise fails ({type(error).__name__})"
            raise NotAccepted(problem, in_doubt=True) from None
        if not accepted:
            problem = "is not accepted: check the address, or try it with Apprise's own command"
            raise NotAccepted(problem, in_doubt=True)
