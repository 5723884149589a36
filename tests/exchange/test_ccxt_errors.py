"""What a failure of ccxt's proves: each class of its tree, and what the exchange itself answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from livestory.credentials import Secret
from livestory.trading.exchange.access import Keys
from livestory.trading.exchange.ccxt_client import CcxtClient
from livestory.trading.exchange.ccxt_errors import BY_CLASS, Meaning, verdict_on, words_of

if TYPE_CHECKING:
    from collections.abc import Iterator

ccxt = pytest.importorskip("ccxt.async_support")
errors = pytest.importorskip("ccxt.base.errors")

# What binance answers (errors.md of binance/binance-spot-api-docs), and whether an order may be there after it.
ANSWERS = [
    (400, -1000, "An unknown error occurred while processing the request.", Meaning.NO_ANSWER),
    (400, -1001, "Internal error; unable to process your request. Please try again.", Meaning.NO_ANSWER),
    (401, -1002, "You are not authorized to execute this request.", Meaning.DENIED),
    (429, -1003, "Too many requests; current limit is 6000.", Meaning.UNSENT),
    (418, -1003, "Way too many requests; IP banned until 1660090423228.", Meaning.UNSENT),
    (
        500,
        -1006,
        "An unexpected response was received from the message bus. Execution status unknown.",
        Meaning.NO_ANSWER,
    ),
    (504, -1007, "Timeout waiting for response from backend server. Send status unknown.", Meaning.NO_ANSWER),
    (503, -1008, "Server is currently overloaded with other requests.", Meaning.NO_ANSWER),
    (400, -1013, "Filter failure: LOT_SIZE", Meaning.REFUSED),
    (400, -1013, "Filter failure: NOTIONAL", Meaning.REFUSED),
    (400, -1013, "Market is closed.", Meaning.REFUSED),
    (429, -1015, "Too many new orders; current limit is 100 orders per 10 SECOND.", Meaning.UNSENT),
    (503, -1016, "This service is no longer available.", Meaning.NO_ANSWER),
    (400, -1021, "Timestamp for this request is outside of the recvWindow.", Meaning.SKEWED),
    (400, -1022, "Signature for this request is not valid.", Meaning.DENIED),
    (400, -1100, "Illegal characters found in parameter 'quantity'.", Meaning.REFUSED),
    (400, -1111, "Precision is over the maximum defined for this asset.", Meaning.REFUSED),
    (400, -1121, "Invalid symbol.", Meaning.REFUSED),
    (400, -2010, "Account has insufficient balance for requested action.", Meaning.REFUSED),
    (400, -2010, "Duplicate order sent.", Meaning.DUPLICATE),
    (400, -2010, "Order would immediately match and take.", Meaning.REFUSED),
    (400, -2011, "Unknown order sent.", Meaning.NOT_FOUND),
    (400, -2013, "Order does not exist.", Meaning.NOT_FOUND),
    (401, -2014, "API-key format invalid.", Meaning.DENIED),
    (401, -2015, "Invalid API-key, IP, or permissions for action.", Meaning.DENIED),
    (400, -2026, "Order was canceled or expired with no executed qty over 90 days ago.", Meaning.NOT_FOUND),
    (400, -9999, "A code that nobody has heard of.", Meaning.NO_ANSWER),
]
PAGES = [(502, "<h1>502 Bad Gateway</h1>"), (503, "<h1>down for maintenance</h1>"), (403, "<h1>blocked</h1>")]
PAGES.append((502, '{"code":' + "[" * 10_000))  # nested without an end


@pytest.fixture(scope="module")
def client() -> Iterator[CcxtClient]:
    """A client of binance at another host."""
    opened = CcxtClient("binance", keys=Keys(Secret("k"), Secret("s")), base_url="http://127.0.0.1:1")
    yield opened
    opened.close()


def raised(client: CcxtClient, status: int, body: str, url: str, *, signed_before: bool) -> Exception:
    """What ccxt makes of an answer."""
    client.ccxt.options["hasAlreadyAuthenticatedSuccessfully"] = signed_before
    document = client.ccxt.parse_json(body)
    arguments: tuple[Any, ...] = (status, "reason", url, "POST", {}, body)
    try:
        client.ccxt.handle_errors(*arguments, document, {}, None)
        client.ccxt.handle_http_status_code(status, "reason", url, "POST", body)
    except errors.BaseError as error:
        return error  # type: ignore[no-any-return]
    raise AssertionError(body)


@pytest.mark.parametrize("url", ["https://api.binance.com/api/v3/order", "http://127.0.0.1:1/api/v3/order"])
@pytest.mark.parametrize("signed_before", ["", "signed before"])
@pytest.mark.parametrize(("status", "code", "message", "meaning"), ANSWERS)
def test_an_answer_means_what_the_documentation_says(
    client: CcxtClient, status: int, code: int, message: str, meaning: Meaning, url: str, signed_before: str
) -> None:
    """At the exchange's own host as at another, and whether or not the keys were taken before."""
    body = f'{{"code":{code},"msg":"{message}"}}'
    error = raised(client, status, body, url, signed_before=bool(signed_before))
    verdict = verdict_on(error, "binance")
    assert verdict.meaning is meaning
    if status not in {418, 429}:  # of those, what counts is until when
        assert words_of(error, verdict) == message[:120]


@pytest.mark.parametrize(("status", "page"), PAGES)
def test_a_page_is_no_answer_and_its_address_is_not_repeated(client: CcxtClient, status: int, page: str) -> None:
    """An address holds a signature."""
    url = "https://api.binance.com/api/v3/order?signature=5e6a"
    error = raised(client, status, page, url, signed_before=True)
    verdict = verdict_on(error, "binance")
    assert verdict.meaning is Meaning.NO_ANSWER
    told = words_of(error, verdict)
    assert told == "maintenance" if "maintenance" in page else told == f"no answer (HTTP {status})"


def test_only_what_is_listed_here_is_proof_that_nothing_was_done() -> None:
    """Every class of ccxt's: a new one of a later version must be looked at."""
    meanings = {name: verdict_on(getattr(errors, name)("binance"), "binance").meaning for name in ccxt_names()}
    unproven = {"BaseError", "ExchangeError", "InvalidAddress", "AddressPending", "InvalidProxySettings"}
    unproven |= {"ExchangeClosedByUser", "OperationFailed", "NetworkError", "ExchangeNotAvailable", "OnMaintenance"}
    unproven |= {"RequestTimeout", "BadResponse", "NullResponse", "CancelPending", "UnsubscribeError"}
    assert {name for name, meaning in meanings.items() if meaning is Meaning.NO_ANSWER} == unproven
    assert set(BY_CLASS) <= set(meanings)


def ccxt_names() -> list[str]:
    """The names of all of ccxt's exceptions."""
    return [name for name in errors.__all__ if name != "error_hierarchy"]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("NullResponse", Meaning.NO_ANSWER),
        ("CancelPending", Meaning.NO_ANSWER),
        ("AccountSuspended", Meaning.DENIED),
        ("PermissionDenied", Meaning.DENIED),
        ("AccountNotEnabled", Meaning.DENIED),
        ("BadSymbol", Meaning.REFUSED),
        ("NoChange", Meaning.REFUSED),
        ("OrderNotFillable", Meaning.REFUSED),
        ("DuplicateOrderId", Meaning.DUPLICATE),
        ("OnMaintenance", Meaning.NO_ANSWER),
        ("ExchangeClosedByUser", Meaning.NO_ANSWER),
    ],
)
def test_a_class_without_a_row_means_what_its_parent_means(name: str, meaning: Meaning) -> None:
    """Ccxt's tree decides."""
    assert verdict_on(getattr(ccxt, name)("binance"), "binance").meaning is meaning
