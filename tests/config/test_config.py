"""livestory.toml: what it takes, and how it says what is wrong."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta, Struct

from livestory.clock import DAY, HOUR
from livestory.config import Configuration, livestory_toml, load, reference, template
from livestory.config.sections import Section
from livestory.durations import Duration, duration, duration_text
from livestory.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Trend(Struct, frozen=True, kw_only=True):
    """How a trend is found."""

    fast: Annotated[int, Meta(ge=1, description="Bars of the fast average.")] = 20
    slow: Annotated[int, Meta(ge=1, description="Bars of the slow average.")] = 50

    def __post_init__(self) -> None:
        """Refuse averages in the wrong order."""
        if self.fast >= self.slow:
            message = f"fast {self.fast} must be below slow {self.slow}"
            raise ValueError(message)


class Risk(Struct, frozen=True, kw_only=True):
    """When to stop."""

    breaker: Annotated[float, Meta(gt=0, lt=1, description="Drawdown that trips it.")] = 0.2
    cooldown: Annotated[Duration, Meta(ge=HOUR, description="How long it then waits.")] = 7 * DAY
    daily_loss: Annotated[float, Meta(gt=0, lt=1, description="Loss of a day that stops buying.")] | None = None
    slack: Annotated[float, Meta(description="Any number.")] = 0.0


class Paper(Struct, frozen=True, kw_only=True):
    """The exchange that is none."""

    least: Annotated[Decimal, Meta(description="Least order.", extra_json_schema={"unit": "BTC", "minimum": 0})] = (
        Decimal("0.0001")
    )
    prices: Annotated[Literal["open", "close"], Meta(description="Where it fills.")] = "open"
    steps: Annotated[tuple[float, ...], Meta(description="Shares of a staged entry.")] = (0.3, 0.3)
    fees: Annotated[bool, Meta(description="Whether it takes fees.")] = True


class Sample(Struct, frozen=True, kw_only=True):
    """A configuration of every kind of setting."""

    risk: Risk = Risk()
    trend: Trend = Trend()
    paper: Paper = Paper()


def written(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> Sample:
    """The sample configuration as a file of this text sets it."""
    file = folder / "livestory.toml"
    file.write_text(text, encoding="utf-8")
    return livestory_toml.load(file, Sample(), environ or {})


def faults(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The faults that loading this text reports, without the folder."""
    with pytest.raises(ConfigError) as caught:
        written(folder, text, environ)
    return str(caught.value).replace(f"{folder}/", "").split("\n")


def test_a_file_changes_what_it_names_and_nothing_else(tmp_path: Path) -> None:
    """Numbers, durations, decimals, lists and what is off come in as their types."""
    sample = written(
        tmp_path,
        """
        [risk]
        breaker = 0.3
        cooldown = "1d 12h"
        daily_loss = 0.05
        slack = 3
        [paper]
        least = 0.00010
        prices = "close"
        steps = [1, 0.5]
        fees = false
        """,
    )
    assert sample == Sample(
        risk=Risk(breaker=0.3, cooldown=36 * HOUR, daily_loss=0.05, slack=3.0),
        paper=Paper(least=Decimal("0.00010"), prices="close", steps=(1.0, 0.5), fees=False),
    )
    assert str(sample.paper.least) == "0.00010"
    assert written(tmp_path, '[risk]\ndaily_loss = "off"') == Sample()
    assert written(tmp_path, "\ufeff[risk]\r\nbreaker = 0.3\r\n").risk.breaker == 0.3


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[risk]\nbreker = 0.3", "livestory.toml:2:1: [risk] breker: unknown setting; did you mean breaker?"),
        ("[risk]\n  breaker = 0.3\n  x = 1", "livestory.toml:3:3: [risk] x: unknown setting; known: breaker, "),
        ("\n[rsik]\nbreaker = 0.3", "livestory.toml:2:1: [rsik]: unknown section; did you mean [risk]?"),
        ("[risk]\n[risk.trend]", "livestory.toml:2:1: [risk.trend]: unknown section; it has no sections"),
        ("risk = 3", "livestory.toml:1:1: risk is a section; write [risk] on a line of its own"),
        ("[[risk]]\nbreaker = 0.3", "livestory.toml:1:1: risk is a section; write [risk] on a line of its own"),
        ("breaker = 1", "livestory.toml:1:1: [breaker]: unknown section; known: [risk], [trend], [paper]"),
        ("risk.breaker = 1.5", "livestory.toml:1:1: [risk] breaker: 1.5 is not a number above 0 and below 1"),
        ("risk = {breaker = 0}", "livestory.toml:1:1: [risk] breaker: 0 is not a number above 0 and below 1"),
        ("[risk]\nbreaker = true", "livestory.toml:2:1: [risk] breaker: true is not a number above 0 and below 1"),
        ("[risk]\nslack = nan", "livestory.toml:2:1: [risk] slack: NaN is not a number"),
        ("[risk]\nslack = -inf", "livestory.toml:2:1: [risk] slack: -Infinity is not a number"),
        ("[risk]\nslack = 1e999", "livestory.toml:2:1: [risk] slack: 1E+999 is not a number"),
        (
            "[risk]\ndaily_loss = 7",
            'livestory.toml:2:1: [risk] daily_loss: 7 is not a number above 0 and below 1, or "off"',
        ),
        ('[risk]\nbreaker = "off"', 'livestory.toml:2:1: [risk] breaker: "off" is not a number above 0 and below 1'),
        (
            "[risk]\ncooldown = 7",
            'livestory.toml:2:1: [risk] cooldown: 7 is not a duration at least "1h", such as "12h"',
        ),
        ('[risk]\ncooldown = "7 days"', 'livestory.toml:2:1: [risk] cooldown: "7 days" is not a duration'),
        ('[risk]\ncooldown = "30m"', 'livestory.toml:2:1: [risk] cooldown: "30m" is not a duration'),
        ("[paper]\nleast = -1", "livestory.toml:2:1: [paper] least: -1 is not a number at least 0"),
        ("[paper]\nleast = nan", "livestory.toml:2:1: [paper] least: NaN is not a number at least 0"),
        ('[paper]\nprices = "opne"', 'livestory.toml:2:1: [paper] prices: "opne" is not "close" or "open"'),
        ("[paper]\nsteps = [nan]", "livestory.toml:2:1: [paper] steps: [NaN] is not a list, each a number"),
        ("[trend]\nfast = 2.5", "livestory.toml:2:1: [trend] fast: 2.5 is not a whole number at least 1"),
        ("\n[trend]\nfast = 60", "livestory.toml:2:1: [trend]: fast 60 must be below slow 50"),
        ("[risk]\nbreaker =", "livestory.toml:2:10: not TOML: Invalid value"),
        ("[risk]\nslack = 1\nslack = 2", "livestory.toml:3:10: not TOML: Cannot overwrite a value"),
        ("x = " + "[" * 9_000, "livestory.toml:1:1: not TOML: brackets nested too deeply"),
        ("x = " + "9" * 9_000, "livestory.toml:1:9005: not TOML: a number of too many digits"),
    ],
)
def test_a_fault_is_told_with_its_place_and_what_to_write(tmp_path: Path, text: str, fault: str) -> None:
    """One line: file, line, column, section, key, what is wrong, what it takes."""
    (told,) = faults(tmp_path, text)
    assert told.startswith(fault)


def test_every_fault_is_told_at_once_in_the_order_of_the_lines(tmp_path: Path) -> None:
    """Nobody mends a file one error a run; past ten the rest is counted."""
    assert faults(tmp_path, "[trend]\nfast = 0\n[risk]\nbreker = 1\nslack = nan\n[trent]") == [
        "livestory.toml:2:1: [trend] fast: 0 is not a whole number at least 1",
        "livestory.toml:4:1: [risk] breker: unknown setting; did you mean breaker?",
        "livestory.toml:5:1: [risk] slack: NaN is not a number",
        "livestory.toml:6:1: [trent]: unknown section; did you mean [trend]?",
    ]
    dotted = faults(tmp_path, "risk.breaker = 2\ntrend.fast = 0\nrisk.slack = nan")
    assert [fault.split(": ")[1] for fault in dotted] == ["[risk] breaker", "[trend] fast", "[risk] slack"]
    many = faults(tmp_path, "[risk]\n" + "\n".join(f"x{number} = 1" for number in range(13)))
    assert len(many) == 11
    assert many[-1] == "… and 3 more"


def test_a_file_that_cannot_be_read_is_an_error_of_one_line(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8."""
    with pytest.raises(ConfigError, match=r"none\.toml: No such file or directory; livestory init writes one"):
        load(tmp_path / "none.toml", {})
    with pytest.raises(ConfigError, match=r"Is a directory$"):
        load(tmp_path, {})
    file = tmp_path / "latin.toml"
    file.write_bytes(b"[risk]\n# f\xfcr\n")
    with pytest.raises(ConfigError, match=r"latin\.toml:2:1: not UTF-8"):
        load(file, {})


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """LIVESTORY_, section and setting, joined by two underscores; texts without quotes."""
    environ = {"LIVESTORY_RISK__COOLDOWN": "2d", "LIVESTORY_RISK__DAILY_LOSS": "off", "LIVESTORY_PAPER__STEPS": "[1]"}
    sample = written(tmp_path, '[risk]\ncooldown = "1d"\ndaily_loss = 0.1\nbreaker = 0.4', environ)
    assert sample.risk == Risk(cooldown=2 * DAY, breaker=0.4)
    assert sample.paper.steps == (1.0,)
    assert load(None, {"LIVESTORY_BOT__NAME": "007"}).bot.name == "007"


def test_a_fault_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    """Unknown or out of range, beside the file's own faults."""
    environ = {"LIVESTORY_RISK__BREKER": "0.3", "LIVESTORY_RISK__BREAKER": "3", "HOME": "x"}
    assert faults(tmp_path, "[risk]\nx = 1", environ)[1:] == [
        "LIVESTORY_RISK__BREAKER: 3 is not a number above 0 and below 1",
        "LIVESTORY_RISK__BREKER: unknown setting; did you mean LIVESTORY_RISK__BREAKER?",
    ]


def uncommented(text: str) -> str:
    """The template with every setting switched on."""
    return "\n".join(line.removeprefix("#") if line[:2].strip("#").strip() else line for line in text.split("\n"))


def test_the_template_says_the_defaults(tmp_path: Path) -> None:
    """As it stands it sets nothing; with every setting uncommented it still sets the defaults."""
    sample = livestory_toml.template(Sample())
    assert written(tmp_path, sample) == Sample()
    assert uncommented(sample).count("\nbreaker = 0.2\n") == 1
    assert written(tmp_path, uncommented(sample)) == Sample()

    file = tmp_path / "real.toml"
    for text in (template(), uncommented(template())):
        file.write_text(text, encoding="utf-8")
        assert load(file, {}) == Configuration()


def test_the_template_names_description_range_and_default_of_each_setting() -> None:
    """A person reads it instead of the manual."""
    text = livestory_toml.template(Sample())
    assert '# How long it then waits. (a duration at least "1h")\n#cooldown = "7d"\n' in text
    assert '# Loss of a day that stops buying. (a number above 0 and below 1, or "off")\n#daily_loss = "off"\n' in text


def test_the_reference_has_a_row_for_each_setting() -> None:
    """With unit, range, default and meaning."""
    page = livestory_toml.reference(Sample())
    assert "| `least` | BTC | at least 0 | `0.0001` | Least order. |" in page
    assert '| `cooldown` | duration | at least "1h" | `"7d"` | How long it then waits. |' in page


def test_every_setting_of_livestory_says_what_it_means() -> None:
    """A description that is a sentence, and a default that it takes itself; so for each section."""
    for section in Section.of(Configuration()).walk():
        assert section.description.endswith("."), section.name
        for setting in section.settings.values():
            assert setting.description.endswith("."), setting.path
            assert setting.read_text(setting.text(setting.default).strip('"')) == setting.default, setting.path
            assert f"| `{setting.name}` |" in reference()


@given(st.integers(0, 999_999_999 * DAY))
def test_a_duration_is_read_as_it_is_written(micros: int) -> None:
    """To the microsecond."""
    assert duration(duration_text(micros)) == micros


@given(st.text("0123456789dhms -+.", max_size=8))
def test_a_text_is_a_duration_or_refused(text: str) -> None:
    """Nothing negative, nothing without a unit."""
    try:
        micros = duration(text)
    except ValueError:
        return
    assert micros >= 0
    assert any(unit in text for unit in "dhms")


@given(text=st.text(max_size=40))
def test_any_text_is_a_configuration_or_a_fault_with_a_place(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """No text at all raises anything but ConfigError, and that names the file."""
    folder = tmp_path_factory.getbasetemp()
    message = ""
    try:
        written(folder, "[risk]\n" + text)
    except ConfigError as error:
        message = str(error)
    assert message == "" or message.startswith(f"{folder}/livestory.toml:")
