"""Debian's headless Chromium, driven by Playwright, and a page that remembers everything that went wrong on it."""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Dialog, Error, Page, expect, sync_playwright

from tests.patience import LONG

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = "chromium-headless-shell"
_UNPACKED = Path(__file__).resolve().parents[2] / "build" / "debian"
_PATIENCE = LONG * 1000  # milliseconds until a page that does not change is given up
expect.set_options(timeout=_PATIENCE)


def _program() -> tuple[str, dict[str, str]]:
    """The browser that `make test` has unpacked, or the machine's own, and what it needs to find its libraries."""
    unpacked = _UNPACKED / "usr" / "lib" / "chromium" / _NAME
    if unpacked.exists():
        libraries = [str(path) for folder in ("usr/lib", "lib") for path in (_UNPACKED / folder).glob("*-linux-gnu*")]
        libraries += [f"{path}/pulseaudio" for path in libraries]
        found = {"LD_LIBRARY_PATH": ":".join(libraries)}
        if not Path("/etc/fonts/fonts.conf").exists():
            found |= {"FONTCONFIG_SYSROOT": str(_UNPACKED)}
        return str(unpacked), found
    installed = shutil.which(_NAME)
    if installed is None:
        reason = f"needs {_NAME}: make build/debian/usr/bin/{_NAME} unpacks Debian's"
        if os.environ.get("CI", "").lower() in {"1", "true"}:
            pytest.fail(reason)
        pytest.skip(reason)
    return installed, {}


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser until the with block ends."""
    program, environment = _program()
    with sync_playwright() as playwright:
        # Tests run in containers without user namespaces, and the page is our own.
        started = playwright.chromium.launch(
            executable_path=program, chromium_sandbox=False, env={**os.environ, **environment}
        )
        yield started
        started.close()


class Watch:
    """What a page must never do: log an error, throw, break the content policy, or ask another host."""

    def __init__(self, page: Page, expected: tuple[str, ...] = ()) -> None:
        """Watch that page; a console error that contains one of ``expected`` is none."""
        self.wrong: list[str] = []
        self._expected = expected
        self._hosts: set[str] = set()
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.wrong.append(f"thrown: {error}"))
        page.on("request", lambda request: self._hosts.add(urlsplit(request.url).hostname or ""))
        page.on("dialog", self._dialog)
        page.add_init_script(
            "window.violations = []; document.addEventListener('securitypolicyviolation',"
            " (event) => window.violations.push(`${event.violatedDirective} ${event.blockedURI}`));"
        )
        self._page = page

    def verify(self) -> None:
        """Nothing of it has happened."""
        assert not self.wrong, self.wrong
        assert self._hosts <= {"127.0.0.1"}
        assert self._page.evaluate("window.violations") == []

    def _dialog(self, dialog: Dialog) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def _console(self, message: Any) -> None:
        if message.type in {"error", "warning"} and not any(text in message.text for text in self._expected):
            self.wrong.append(f"{message.type}: {message.text}")


@contextmanager
def opened(driven: Browser, url: str, expected: tuple[str, ...] = (), **context: Any) -> Iterator[Page]:
    """A page in a profile of its own; when the with block ends well, nothing has gone wrong on it."""
    options: dict[str, Any] = {
        "viewport": {"width": 1280, "height": 900},
        "locale": "en-GB",
        "timezone_id": "Asia/Kolkata",
        "reduced_motion": "reduce",  # nothing glides away from under a click
    }
    profile = driven.new_context(**(options | context))
    profile.set_default_timeout(_PATIENCE)
    page = profile.new_page()
    watch = Watch(page, expected)
    try:
        page.goto(url)
        page.locator("body[data-link=live]").wait_for()
        yield page
        watch.verify()
    except Error as error:
        message = f"{error.message}; so far: {watch.wrong}"
        raise AssertionError(message) from error
    finally:
        profile.close()
