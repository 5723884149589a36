"""One exchange through ccxt's asynchronous client, asked synchronously: bounded, limited, in time, without secrets."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from decimal import localcontext
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from livestory.clock import SECOND, Clock, SystemClock
from livestory.credentials import redacted
from livestory.errors import InputError
from livestory.extras import missing
from livestory.story.reasons import EXCHANGE_DOWN
from livestory.trading.exchange.access import TIMEOUT, allow_address
from livestory.trading.exchange.ccxt_errors import NO_ANSWER, UNREADABLE, Failed, Meaning, Verdict, verdict_on, words_of
from livestory.trading.exchange.records import Trouble
from livestory.trading.exchange.request_limits import Need, RequestLimits

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Iterator, Mapping

    from livestory.trading.exchange.access import Keys

_MILLIS: Final = 1000
_ROUNDS = 3  # questions for the time; the quickest answer tells it best
_LASTING_PAUSE = 60 * SECOND  # between two tries with keys or a clock that were turned away
_QUEUE = 5 * SECOND  # that a question may wait for ccxt's own rate limiter
_OPTIONS: Final = {
    "fetchMargins": False,
    "fetchCurrencies": False,
    "fetchMarkets": {"types": ["spot"]},
    "defaultType": "spot",
    "warnOnFetchOpenOrdersWithoutSymbol": False,
}
_HELD = Verdict(Meaning.UNSENT, EXCHANGE_DOWN)
_STRANGE = (TypeError, ValueError, LookupError, AttributeError, ArithmeticError, AssertionError)


class CcxtClient:
    """An exchange that is asked by the names of ccxt's methods. Numbers come as the text that the exchange sent.

    Nothing is sent before the first question. Candles and orders share one client, so that a ban which one of them
    meets is kept by both. Its clock is the exchange's: `ahead` is what the machine's differs by, and what is signed
    is signed with the exchange's time.
    """

    def __init__(  # noqa: PLR0913 - whom to ask, as whom, and the outside world that a test stands in for
        self,
        exchange: str,
        clock: Clock | None = None,
        *,
        keys: Keys | None = None,
        sandbox: bool = False,
        base_url: str | None = None,
        timeout: int = TIMEOUT,
    ) -> None:
        """``base_url`` puts another host in the place of the exchange's own; ``timeout`` bounds one answer.

        Raises InputError where ccxt is not installed, does not know the exchange, or knows no sandbox of it, and
        ConfigError where `allow_address` forbids ``base_url``.
        """
        self._ccxt = ccxt = _ccxt()
        if exchange not in ccxt.exchanges:
            message = f"no exchange {exchange!r} is known to ccxt{nearest(exchange, ccxt.exchanges)}"
            raise InputError(message)
        self.id = exchange
        self.ahead = 0
        self.trouble: Trouble | None = None
        self.limits = RequestLimits()
        self._clock = clock or SystemClock()
        self._paced = isinstance(self._clock, SystemClock)  # ccxt's own limiter counts real time, and no other
        self._timeout = timeout
        self._secrets = list(keys.all()) if keys else []
        self._trouble_signed = False
        self._runner: asyncio.Runner | None = None
        self.ccxt: Any = self._made(keys, sandbox=sandbox)
        if base_url is not None:
            plain = getattr(ccxt, exchange)()
            real, test = (set(_hosts(plain, plain.urls.get(which) or ())) for which in ("api", "test"))
            allow_address(base_url, real=real, test=test, sandbox=sandbox, signed=keys is not None)
            self._move_to(base_url)

    def _made(self, keys: Keys | None, *, sandbox: bool) -> Any:
        given: dict[str, Any] = {"enableRateLimit": True, "rateLimiterAlgorithm": "rollingWindow", "options": _OPTIONS}
        if keys is not None:
            given |= {"apiKey": keys.key.reveal(), "secret": keys.secret.reveal()}
            if keys.password is not None:
                given["password"] = keys.password.reveal()
        client = getattr(self._ccxt, self.id)({**given, "timeout": self._timeout // _MILLIS})
        client.number = str
        client.milliseconds = lambda: self.now() // _MILLIS
        client.on_rest_response = self._on_answer
        if sandbox:
            if not client.urls.get("test"):
                message = f"{self.id} has no testnet that ccxt knows"
                raise InputError(message)
            client.set_sandbox_mode(True)
        return client

    def _move_to(self, base_url: str) -> None:
        host = urlsplit(base_url)

        def moved(url: Any) -> Any:
            if isinstance(url, dict):
                return {name: moved(each) for name, each in url.items()}
            return urlsplit(url)._replace(scheme=host.scheme, netloc=host.netloc).geturl()

        client = self.ccxt
        client.urls["api"] = moved(client.urls["api"])
        # ccxt finds an exchange's own error codes for its spot market by the host that it has lost here.
        client.exceptions["exact"] |= client.exceptions.get("spot", {}).get("exact", {})
        client.timeout_on_exit = 0  # ccxt waits for TLS to say goodbye

    def now(self) -> int:
        """The exchange's clock, as far as it is known."""
        return self._clock.now() - self.ahead

    def has(self, method: str) -> bool:
        """Whether ccxt can ask this exchange by ``method`` (in ccxt's own spelling, such as "fetchMyTrades")."""
        return bool(self.ccxt.has.get(method))

    def reaches(self, part: str) -> bool:
        """Whether a part of the exchange's interface ("sapi") has an address; a testnet lacks some."""
        return part in self.ccxt.urls["api"]

    def missing_keys(self) -> list[str]:
        """What the exchange knows an account by, as ccxt names it, and is not given."""
        needed = self.ccxt.requiredCredentials.items()
        return [name for name, is_needed in needed if is_needed and not getattr(self.ccxt, name, None)]

    def ask(self, method: str, *given: Any, need: Need = Need.SOON, signed: bool = False) -> Any:
        """What the exchange answers to one of ccxt's methods. ``signed`` says that it concerns the account.

        A clock that is off is set right, and the question asked once more. While it has asked to be left alone, or
        a minute has not passed since it turned the keys away, nothing is sent. Raises Failed.
        """
        self._hold(signed=signed)
        self._check(need)
        try:
            answer = self._ask_in_time(method, given, need)
        except Failed as failed:
            self._note(failed, signed=signed)
            raise
        self._clear(signed=signed)
        return answer

    def _hold(self, *, signed: bool) -> None:
        trouble = self.trouble
        if signed and trouble is not None and trouble.lasting and 0 < self.silent_for <= _LASTING_PAUSE:
            raise Failed(_HELD, trouble.problem, trouble.retry_at)

    def _check(self, need: Need) -> None:
        try:
            self.limits.check(need, self.now())
        except Failed as failed:
            if need is not Need.CAN_WAIT:  # that it waits is no trouble
                self._note(failed, signed=False)
            raise

    def _ask_in_time(self, method: str, given: tuple[Any, ...], need: Need) -> Any:
        try:
            return self._ask(method, given, need)
        except Failed as failed:
            if failed.meaning is not Meaning.SKEWED:
                raise
            skewed = failed
        try:
            self._measure()
        except Failed:
            raise skewed from None
        return self._ask(method, given, need)

    @contextmanager
    def reading(self, *, signed: bool = True) -> Iterator[None]:
        """Whatever goes wrong while an answer is read is an answer that can't be read: raises Failed."""
        try:
            yield
        except _STRANGE:
            failed = Failed(UNREADABLE)
            self._note(failed, signed=signed)
            raise failed from None

    @property
    def silent_for(self) -> int:
        """The time for which the exchange wants no further request, in microseconds; 0 if it may be asked."""
        until = None if self.trouble is None else self.trouble.retry_at
        return 0 if until is None else max(until - self._clock.now(), 0)

    def time(self, need: Need = Need.SOON) -> int:
        """The exchange's clock, asked for now; `ahead` is set right where the answer contradicts it. Raises Failed."""
        asked = self._clock.now()
        theirs = int(self.ask("fetch_time", need=need)) * _MILLIS
        answered = self._clock.now()
        # Theirs was read somewhere in between, and is cut to the millisecond.
        if not asked - theirs - _MILLIS <= self.ahead <= answered - theirs:
            self.ahead = (asked + answered) // 2 - theirs
        return theirs

    def synchronize(self) -> None:
        """Learn how far the machine's clock is ahead of the exchange's. Raises Failed."""
        try:
            self._measure()
        except Failed as failed:
            self._note(failed, signed=False)
            raise

    def _measure(self) -> None:
        if not self.has("fetchTime"):
            return
        best: tuple[int, int] | None = None
        for _ in range(_ROUNDS):
            self.limits.check(Need.SOON, self.now())
            asked = self._clock.now()
            theirs = int(self._ask("fetch_time", (), Need.SOON)) * _MILLIS
            answered = self._clock.now()
            measured = answered - asked, (asked + answered) // 2 - theirs
            best = measured if best is None else min(best, measured)
        if best is not None:
            self.ahead = best[1]

    def close(self) -> None:
        """Close all connections to the exchange."""
        if self._runner is not None:
            self._runner.run(self.ccxt.close())
            self._runner.close()
            self._runner = None

    def _ask(self, method: str, given: tuple[Any, ...], need: Need) -> Any:
        import asyncio  # noqa: PLC0415 - the settings beside this are read by commands that never ask

        if self._runner is None:
            self._runner = asyncio.Runner()
            self._runner.get_loop().set_exception_handler(_keep_quiet)
        try:
            return self._runner.run(self._bounded(method, given, need))
        except self._ccxt.BaseError as error:
            failed = self._failure(error)
        except _STRANGE:
            # What ccxt makes of an answer that is no JSON of the exchange: a proxy's or a hotel's page.
            failed = Failed(UNREADABLE)
        except (TimeoutError, asyncio.CancelledError, OSError):
            failed = Failed(NO_ANSWER)
        except RuntimeError:  # the session was closed under it; the next question opens another
            self.ccxt.session, self.ccxt.closed_by_user = None, False
            failed = Failed(NO_ANSWER)
        raise failed  # out here, where ccxt's exception, whose text holds addresses and signatures, is no context of it

    async def _bounded(self, method: str, given: tuple[Any, ...], need: Need) -> Any:
        import asyncio  # noqa: PLC0415 - as above

        # An order waits for nothing that was read before it.
        self.ccxt.enableRateLimit = self._paced and need is not Need.ORDER
        with localcontext():  # ccxt sets the rounding of whoever calls it
            return await asyncio.wait_for(getattr(self.ccxt, method)(*given), (self._timeout + _QUEUE) / SECOND)

    def _failure(self, error: Exception) -> Failed:
        verdict = verdict_on(error, self.id)
        retry_at = None
        if verdict.meaning is Meaning.UNSENT:
            try:
                self.limits.check(Need.ORDER, self.now())
                self.limits.silence(self.now(), 10 * SECOND)
                self.limits.check(Need.ORDER, self.now())
            except Failed as silent:
                return silent
        elif verdict.meaning in {Meaning.DENIED, Meaning.SKEWED}:
            retry_at = self.now() + _LASTING_PAUSE
        return Failed(verdict, redacted(words_of(error, verdict), self._secrets), retry_at)

    def _on_answer(
        self,
        status: int,
        _reason: str,
        _url: str,
        _method: str,
        headers: Mapping[str, str],
        body: str,
        _request_headers: object,
        _request_body: object,
    ) -> str:
        text = body.strip()
        self.limits.note_answer(status, headers, text, self.now())
        if status < 300 and (not text.startswith(("{", "[")) or text == "{}"):  # noqa: PLR2004 - HTTP's successes
            # ccxt would read an empty account in it, or no trades.
            raise self._ccxt.BadResponse(self.id)
        return text

    def _note(self, failed: Failed, *, signed: bool) -> None:
        if failed.meaning in {Meaning.REFUSED, Meaning.NOT_FOUND, Meaning.DUPLICATE}:
            self._clear(signed=signed)  # an answer, if not the one hoped for
            return
        lasting = failed.meaning in {Meaning.DENIED, Meaning.SKEWED}
        problem = (
            f"clock off by {abs(self.ahead) / SECOND:.1f}s" if failed.meaning is Meaning.SKEWED else failed.problem
        )
        before = self.trouble
        if before is not None and before.lasting and self._trouble_signed and not signed:
            return  # the keys stay turned away, whatever else goes wrong
        self.trouble = Trouble(
            since=before.since if before else self._clock.now(),
            problem=problem,
            tries=before.tries + 1 if before else 1,
            retry_at=failed.retry_at and failed.retry_at + self.ahead,
            lasting=lasting,
        )
        self._trouble_signed = signed

    def _clear(self, *, signed: bool) -> None:
        if signed or not self._trouble_signed:  # a public answer says nothing about the account
            self.trouble = None


def _hosts(client: Any, urls: Any) -> Iterator[str]:
    """Every host in ccxt's table of addresses."""
    if isinstance(urls, dict):
        for each in urls.values():
            yield from _hosts(client, each)
    elif isinstance(urls, str):
        yield urlsplit(client.implode_hostname(urls)).hostname or ""


def nearest(name: str, names: list[str]) -> str:
    """The names most like a name that is none of them, as the end of an error."""
    near = get_close_matches(name, names, n=3)
    return f"; did you mean {' or '.join(near)}?" if near else ""


def _ccxt() -> Any:
    try:
        import ccxt.async_support as ccxt  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise missing(error, "an exchange", "exchange") from None
    for name in ("ccxt", "asyncio"):  # they log every request, keys included, and what was left unawaited
        logging.getLogger(name).setLevel(logging.WARNING)
    return ccxt


def _keep_quiet(_loop: asyncio.AbstractEventLoop, _context: Mapping[str, Any]) -> None:
    """What a task that nobody waits for failed with would be logged with addresses, and those hold signatures."""
