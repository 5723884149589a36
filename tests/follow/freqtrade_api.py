"""freqtrade's API on loopback, with the answers that a test gives: REST and messages at one port, as there."""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from http import HTTPStatus
from typing import Any, Self

from websockets.datastructures import Headers
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

USER, PASSWORD, TOKEN = "ft", "a-password-for-tests", "a-token-for-tests"
_LOGIN = f"Basic {b64encode(f'{USER}:{PASSWORD}'.encode()).decode()}"


class Api:
    """What it answers, by path; who is connected hears what `say` says."""

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {
            "show_config": config(),
            "health": {"last_process_ts": None, "bot_start_ts": None, "bot_startup_ts": None},
            "status": [],
            "balance": balance(1000.0),
            "locks": {"locks": []},
            "logs": {"logs": []},
        }
        self.connected = threading.Event()
        self._connections: list[ServerConnection] = []
        self._closed = threading.Event()

    def __enter__(self) -> Self:
        self._server = serve(self._listen, "127.0.0.1", 0, process_request=self._answer)
        self.port = self._server.socket.getsockname()[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closed.set()
        self._server.shutdown()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    def say(self, **message: Any) -> None:
        """Send a message to whoever listens."""
        for connection in self._connections:
            connection.send(json.dumps(message))

    def _listen(self, connection: ServerConnection) -> None:
        connection.recv()  # the subscription
        self._connections.append(connection)
        self.connected.set()
        self._closed.wait()

    def _answer(self, _connection: ServerConnection, request: Request) -> Response | None:
        path = request.path.removeprefix("/api/v1/")
        if path.startswith("message/ws"):
            return None if path.endswith(f"token={TOKEN}") else _response(HTTPStatus.FORBIDDEN, {})
        if request.headers.get("Authorization") != _LOGIN:
            return _response(HTTPStatus.UNAUTHORIZED, {"detail": "Unauthorized"})
        if path not in self.answers:
            return _response(HTTPStatus.NOT_FOUND, {})
        return _response(HTTPStatus.OK, self.answers[path])


def _response(status: HTTPStatus, body: object) -> Response:
    content = json.dumps(body).encode()
    headers = Headers({"Content-Type": "application/json", "Content-Length": str(len(content)), "Connection": "close"})
    return Response(status, status.phrase, headers, content)


def config(state: str = "running", **more: Any) -> dict[str, Any]:
    """What show_config says."""
    return {
        "version": "2026.9", "state": state, "dry_run": True, "stake_currency": "USDT", "stake_amount": "200",
        "available_capital": None, "max_open_trades": 2.0, "timeframe": "5m", "timeframe_ms": 300_000,
        "strategy": "Waves", "short_allowed": False, "stoploss": -0.1, "exchange": "binance", "bot_name": "ours",
        **more,
    }  # fmt: skip


def balance(wealth: float, capital: float = 990.0, *, coin: float = 0.0, others: float = 0.0) -> dict[str, Any]:
    """What balance says: of ``wealth`` so much in a trade's coin; ``others`` is the owner's own."""
    return {
        "currencies": [
            {"currency": "USDT", "balance": wealth - coin, "est_stake": wealth - coin, "est_stake_bot": 1.0,
             "is_bot_managed": True, "is_position": False},
            {"currency": "ETH", "balance": 1.0, "est_stake": coin + others, "est_stake_bot": coin,
             "is_bot_managed": True, "is_position": False},
            {"currency": "DOGE", "balance": 1.0, "est_stake": 77.0, "est_stake_bot": 0, "is_bot_managed": False,
             "is_position": False},
        ],
        "total": wealth + 77.0, "total_bot": 1.0, "stake": "USDT", "starting_capital": capital,
    }  # fmt: skip


def analyzed(pair: str, opened: int, **row: Any) -> dict[str, Any]:
    """The message of a candle that was analysed; ``opened`` in milliseconds."""
    values = {"date": opened, "close": 100.0, "ema": 99.5, **row}
    frame = json.dumps({"columns": list(values), "index": [999], "data": [list(values.values())]})
    frame_type = {"__type__": "dataframe", "__value__": frame}
    data = {"key": [pair, "5m", "spot"], "df": frame_type, "la": "2026-11-26T19:05:01+00:00"}
    return {"type": "analyzed_df", "data": data}
