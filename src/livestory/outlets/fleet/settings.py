"""Which fleet a bot belongs to."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class FleetSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The fleet that a bot's story is sent to while it is told (docs/fleet.md)."""

    # An address may hold a password by mistake: no error repeats it.
    url: (
        Annotated[
            str,
            Meta(
                min_length=1,
                description="The fleet's database, without a password, which LIVESTORY_FLEET_PASSWORD has; off: none.",
                extra_json_schema={
                    "writeOnly": True,
                    "example": "postgresql://livestory_scout@db.example.net:5432/fleet",
                },
            ),
        ]
        | None
    ) = None
    password_file: (
        Annotated[str, Meta(min_length=1, description="File of mode 0600 with the password, instead.")] | None
    ) = None
