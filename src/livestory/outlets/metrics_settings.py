"""What the owner can choose about metrics; apart from them, since it is read where Prometheus's client is missing."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct


class MetricsSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Metrics that the running bot exposes to Prometheus, at http://HOST:PORT/metrics."""

    port: (
        Annotated[
            int,
            Meta(ge=0, le=65535, description="The port; off: no metrics; 0: any free one. 8731 is a good choice."),
        ]
        | None
    ) = None
    host: Annotated[
        str, Meta(min_length=1, description="The address; any but a loopback address lets other machines read them.")
    ] = "127.0.0.1"
