"""The few facts of a deployment that engines need, as one frozen value handed down by the composition root."""

from dataclasses import dataclass, field
from pathlib import Path

from garant.kernel.clock import Clock, SystemClock


@dataclass(frozen=True)
class Deployment:
    """One running installation, seen by an engine.

    `base`: host of the trust page; tenants are `<slug>.<base>`. `https`, `http`: TCP ports. `connect`: the address that probes
    connect to (name resolution is not relied upon; SNI and Host carry the name). `authority`: PEM file that signs the edge's
    certificate, None for the system's own store. `data`: the data directory.
    """

    base: str
    https: int
    http: int
    data: Path
    authority: Path | None = None
    tls_profile: str = "intermediate"
    application: str = "sondage"
    connect: str = "127.0.0.1"
    clock: Clock = field(default_factory=SystemClock)

    def host(self, slug: str) -> str:
        """The DNS name of a tenant."""
        return f"{slug}.{self.base}"
