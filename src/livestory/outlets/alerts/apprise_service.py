"""Everything that Apprise speaks to: e-mail, Slack, Matrix, Pushover, SMS and a hundred more. An extra."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from contextlib import suppress
from typing import TYPE_CHECKING

from livestory.errors import ConfigError
from livestory.extras import missing
from livestory.outlets.alerts.http import Answer, NotAccepted
from livestory.outlets.alerts.message import unmentioned

if TYPE_CHECKING:
    from livestory.credentials import Secret
    from livestory.outlets.alerts.http import Http
    from livestory.outlets.alerts.message import Message
    from livestory.outlets.alerts.settings import ChannelSettings

_LONGEST = 2000  # characters; it shortens further for a service that takes less


class Apprise:
    """A service by the address that Apprise gives it, such as mailto://user:password@example.org."""

    most_lines = 10_000
    patience = 60.0  # seconds; each of its services has timeouts of its own below that

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
            self._at_work: threading.Thread | None = None
            known = self._apprise.add(address.reveal() if address else "")
        if not known:
            message = f"the address of {section}: Apprise does not know such a service\nWrite it as its page says."
            raise ConfigError(message)

    async def send(self, message: Message, http: Http) -> None:  # noqa: ARG002 - it has connections of its own
        """Apprise says only whether it was accepted."""
        text = message.text(_LONGEST, safe=unmentioned, titled=False)
        level = "failure" if message.critical else "info"
        if self._at_work is not None and self._at_work.is_alive():
            problem = "gives no answer, and its last message has not ended either"
            raise NotAccepted(problem, in_doubt=True)
        loop = asyncio.get_running_loop()
        told: asyncio.Future[bool | str] = loop.create_future()

        def work() -> None:
            try:
                result: bool | str = bool(self._apprise.notify(text, message.title, level, body_format="text"))
            except BaseException as error:  # noqa: BLE001 - whatever one of a hundred plugins may raise, or exit with
                result = type(error).__name__
            with suppress(RuntimeError):  # the loop is closed: nobody waits for it any more
                loop.call_soon_threadsafe(_set_result, told, result)

        # A thread of its own: one that hangs holds up no other channel, and not the end of the program.
        self._at_work = threading.Thread(target=work, name="apprise", daemon=True)
        self._at_work.start()
        try:
            async with asyncio.timeout(self.patience):
                accepted = await told
        except TimeoutError:
            problem = f"gives no answer within {self.patience:g}s"
            raise NotAccepted(problem, in_doubt=True) from None
        if isinstance(accepted, str):
            problem = f"Apprise fails ({accepted})"
            raise NotAccepted(problem, in_doubt=True)
        if not accepted:
            problem = "is not accepted: check the address, or try it with Apprise's own command"
            raise NotAccepted(problem, in_doubt=True, answer=Answer(0, b""))


def _set_result(told: asyncio.Future[bool | str], result: bool | str) -> None:  # noqa: FBT001 - what Apprise says
    if not told.done():
        told.set_result(result)
