"""Settings: read once from the environment, ``GOFAL_*``; every default works in a fresh checkout."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

CHECKOUT = Path(__file__).resolve().parents[1]
LIVE_URL = "https://api.stats.gov.wales/v2"


class Settings(BaseSettings):
    """Where things live and how far to go. One field, one variable: ``home`` is ``GOFAL_HOME``."""

    model_config = SettingsConfigDict(env_prefix="GOFAL_", env_ignore_empty=True, extra="ignore")

    source: Literal["sample", "live"] = "sample"
    home: Path | None = None
    """``lake/``, ``builds/``, ``published/``, ``runs/``. Default ``var/sample`` or ``var/live`` in the checkout."""
    lake: str | None = None
    """An fsspec URL for the lake. Default ``<home>/lake``."""
    statswales_url: str | None = None
    """The v2 API. Default: the live service for ``live``; the bundled stand-in, started by the run, for ``sample``."""
    connect_timeout: float = 10.0
    read_timeout: float = 60.0
    """Seconds between two pieces of a body; an API that hangs after the first byte is given up after this."""
    attempts: int = 5
    backoff: float = 1.0
    """Seconds before the second attempt; doubles each time, and ``Retry-After`` is honoured where it is longer."""
    requests_per_minute: int = Field(default=90, ge=1, lt=100)
    """Shared by every task of a run. The service allows 100 a minute for each address."""
    count_requests: bool = True
    """False only towards a stand-in server of our own, which does not limit us."""
    max_body_mb: float = 2048
    rehash_slices: int = Field(default=28, ge=1)
    """Each night re-hashes one slice in this many, to find cubes rebuilt under the same revision id."""
    inbox: str | None = None
    """Where returns are dropped: an fsspec URL (a folder, S3, SFTP), best with a folder for each submitter. Default
    ``<home>/inbox``."""
    outbox: str | None = None
    """Where the reports on returns go, a folder for each submitter. Default ``<home>/outbox``."""
    bundled_returns: bool = True
    """Whether runs of the bundled sample lay out its returns in the inbox."""
    inbox_quiet: float = Field(default=2.0, ge=0)
    """Seconds for which a file in the inbox must not have changed before it is taken."""
    keep_builds: int = Field(default=7, ge=1)
    sample_release: int = Field(default=1, ge=1)
    """Which release of the bundled sample the stand-in server publishes."""
    webhook: str | None = None
    """Called with the run report as JSON when a run fails or ends with warnings."""
    lock_wait: float = 900.0
    dbt: str = "dbt"
    """The dbt executable: a command beside this Python, or a path."""

    @field_validator("home")
    @classmethod
    def _absolute(cls, home: Path | None) -> Path | None:
        return home.expanduser().resolve() if home else None

    @cached_property
    def root(self) -> Path:
        """The home of this source, absolute, whatever the current directory."""
        return self.home or CHECKOUT / "var" / self.source

    @property
    def lake_url(self) -> str:
        """The lake's fsspec URL."""
        return self.lake or str(self.root / "lake")

    @property
    def lake_kind(self) -> Literal["sample", "real"]:
        """What this run may put into a lake."""
        return "sample" if self.source == "sample" else "real"

    @property
    def inbox_url(self) -> str:
        """The inbox's fsspec URL."""
        return self.inbox or str(self.root / "inbox")

    @property
    def outbox_url(self) -> str:
        """The outbox's fsspec URL."""
        return self.outbox or str(self.root / "outbox")

    @property
    def builds(self) -> Path:
        """One folder a build: the frozen snapshot, the database dbt writes, dbt's artifacts."""
        return self.root / "builds"

    @property
    def published(self) -> Path:
        """One folder a published build, and ``current``."""
        return self.root / "published"

    @property
    def runs(self) -> Path:
        """One folder a run: what each stage found, and the report."""
        return self.root / "runs"

    @property
    def snapshot(self) -> Path:
        """The newest frozen snapshot (a link), for an analyst's own ``dbt build``."""
        return self.root / "snapshot"
