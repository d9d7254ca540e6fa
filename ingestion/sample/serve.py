"""Serve CSV files as datasets: what ``gofal standin --serve KEY=FIRST.csv,SECOND.csv --port N`` does.

Each file is a revision, the first the oldest. A file behind a ``+`` (``KEY=FIRST.csv,+UPDATE.csv``) is an update: its
rows are added to the revision before it or revise it, as when a publisher uploads one. Unless told otherwise all of
them are out at the start: the last is current and the others are its history. With ``publish_upto`` only so many are
out; the rest follow one at a time, every ``every`` seconds, or whenever somebody asks with
``POST /__standin__/publish``.

A revision's id comes from its dataset, its place and its bytes, and its time of publication from when its file was last
changed: a server that is started again says the same as before.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ingestion.errors import DataProblem
from ingestion.sample.cube import Cube, Details, cube_from_csv, updated_cube
from ingestion.sample.standin import Revision, StandIn, uuid4_of
from ingestion.statswales.registry import UUID4, Dataset, load_registry


@dataclass(frozen=True)
class Update:
    """A file that holds an update of the revision before it, not the whole of a revision."""

    path: Path


def parse_specs(texts: Sequence[str]) -> dict[str, list[Path | Update]]:
    """Read ``KEY=FIRST.csv,SECOND.csv`` or ``KEY=FIRST.csv,+UPDATE.csv`` arguments.

    Args:
        texts: One a dataset.

    Returns:
        Files by key, in the order given.

    Raises:
        DataProblem: An argument is not of that form, a file is not there, or an update comes first.
    """
    specs: dict[str, list[Path | Update]] = {}
    for text in texts:
        key, _, files = text.partition("=")
        parts = [part.strip() for part in files.split(",") if part.strip()]
        paths: list[Path | Update] = []
        for part in parts:
            path = Path(part.removeprefix("+")).expanduser()
            paths.append(Update(path) if part.startswith("+") else path)
        if not key.strip() or not paths:
            raise DataProblem(
                f"Expected KEY=FIRST.csv,SECOND.csv after --serve, found {text!r}. Name a dataset and its files.",
                f"Disgwyliwyd KEY=CYNTAF.csv,AIL.csv ar ôl --serve, ond cafwyd {text!r}. Enwch set ddata a’i ffeiliau.",
                code="serve_spec",
                found=text,
            )
        for path in map(_path, paths):
            if not path.is_file():
                raise DataProblem(
                    f"Expected a CSV file to serve as {key.strip()}, found none at {path}. Check the path.",
                    f"Disgwyliwyd ffeil CSV i’w gweini fel {key.strip()}, ond nid oes un yn {path}. Gwiriwch y llwybr.",
                    code="serve_file",
                    file=str(path),
                )
        _assert_whole_first(key.strip(), [*specs.get(key.strip(), []), *paths])
        specs.setdefault(key.strip(), []).extend(paths)
    return specs


def _path(file: Path | Update) -> Path:
    return file.path if isinstance(file, Update) else file


def _assert_whole_first(key: str, files: Sequence[Path | Update]) -> None:
    if isinstance(files[0], Update):
        raise DataProblem(
            f"Expected the first file of {key} to be a whole revision, found the update +{files[0].path.name}. "
            f"Name the file that it updates before it: {key}=FIRST.csv,+{files[0].path.name}.",
            f"Disgwyliwyd i ffeil gyntaf {key} fod yn ddiwygiad cyfan, ond cafwyd y diweddariad "
            f"+{files[0].path.name}. Enwch y ffeil y mae’n ei diweddaru o’i flaen: "
            f"{key}=CYNTAF.csv,+{files[0].path.name}.",
            code="serve_update_first",
            file=str(files[0].path),
        )


def serve_files(
    specs: Mapping[str, Sequence[Path | Update]],
    port: int = 0,
    *,
    host: str = "127.0.0.1",
    uuids: Mapping[str, str] | None = None,
    publish_upto: int | None = None,
    every: float | None = None,
    control: bool = False,
    rate_limit: int | None = 100,
    is_synthetic: bool = False,
    details: Mapping[str, Details] | None = None,
    start: bool = True,
    registry: Mapping[str, Dataset] | None = None,
    **server: Any,
) -> StandIn:
    """Serve CSV files as datasets.

    Args:
        specs: Files by dataset key, the oldest revision first; an `Update` updates the one before it. A key that the
            registry does not know is served too: its files must have the API's own shape, and its id comes from the
            key.
        port: 0 for any free one.
        host: Loopback unless told otherwise.
        uuids: Other ids, by key.
        publish_upto: How many files of each dataset are out at the start. Default: all.
        every: Seconds until the next file is published, while there are any left.
        control: Whether other processes may call ``/__standin__/…``. On by itself where files are left and ``every``
            is not given, for nothing else would publish them.
        rate_limit: Requests a minute; None for no limit.
        is_synthetic: Whether the titles say that the figures are synthetic.
        details: What datasets say about themselves, by key; default: the registry's titles and little else.
        start: Whether to start the server.
        registry: The entries by key; the project's own by default.
        **server: Further arguments of `StandIn`.

    Returns:
        The server, started; its ``url`` is the address to load from.

    Raises:
        DataProblem: A file has neither shape, or a cell that cannot be served; an update has other columns.
        OSError: The port is taken.
    """
    uuids = dict(uuids or {})
    registry = load_registry() if registry is None else registry
    waiting = publish_upto is not None and any(len(files) > max(publish_upto, 1) for files in specs.values())
    standin = StandIn(rate_limit=rate_limit, control=control or (waiting and every is None), **server)
    try:
        late: list[list[Callable[[], Revision]]] = []
        for key, files in specs.items():
            entry = registry.get(key)
            given = _uuid(key, uuids.get(key) or (entry.uuid if entry else None) or uuid4_of("dataset", key))
            about = (details or {}).get(key) or _details(key, entry)
            if is_synthetic:
                about = replace(about, title_en=f"SYNTHETIC {about.title_en}", title_cy=f"SYNTHETIG {about.title_cy}")
            _assert_whole_first(key, files)
            paths = [_path(file) for file in files]
            upto = len(paths) if publish_upto is None else min(max(publish_upto, 1), len(paths))
            moments = _moments(paths[:upto])
            cubes = _cubes(files, entry)
            steps = [
                _step(standin, key, given, number, path, cube, about)
                for number, (path, cube) in enumerate(zip(paths, cubes, strict=True), start=1)
            ]
            for step, moment in zip(steps[:upto], moments, strict=True):
                step(moment)
            late.append([_later(step) for step in steps[upto:]])
        # One file of each dataset in turn, as releases come out.
        longest = max((len(steps) for steps in late), default=0)
        standin.pending = [steps[turn] for turn in range(longest) for steps in late if turn < len(steps)]
        if start:
            standin.start(port, host)
            if every is not None and standin.pending:
                threading.Thread(target=_tick, args=(standin, every), name="standin-releases", daemon=True).start()
    except BaseException:
        standin.close()
        raise
    return standin


def _cubes(files: Sequence[Path | Update], entry: Dataset | None) -> list[Cube]:
    """The revisions that the files make, one after the other."""
    cubes: list[Cube] = []
    for file in files:
        cube = cube_from_csv(_path(file), entry)
        if isinstance(file, Update):
            update, cube = cube, updated_cube(cubes[-1], cube, path=file.path)
            update.close()
        cubes.append(cube)
    return cubes


def _uuid(key: str, given: str) -> str:
    if not UUID4.match(given):
        raise DataProblem(
            f"Expected a version 4 UUID for {key}, found {given!r}. Take it from the dataset’s address.",
            f"Disgwyliwyd UUID fersiwn 4 ar gyfer {key}, ond cafwyd {given!r}. Cymerwch ef o gyfeiriad y set ddata.",
            code="serve_uuid",
            found=given,
        )
    return given.lower()


def _step(
    standin: StandIn, key: str, uuid: str, number: int, path: Path, cube: Cube, details: Details
) -> Callable[[datetime | None], Revision]:
    with path.open("rb") as handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()

    def publish(moment: datetime | None) -> Revision:
        first = number == 1
        return standin.publish(
            key,
            cube,
            details,
            uuid=uuid,
            publish_at=moment,
            revision_id=uuid4_of("file", uuid, number, digest),
            reason_en=None if first else f"Served from {path.name}.",
            reason_cy=None if first else f"Gweinwyd o {path.name}.",
        )

    return publish


def _later(step: Callable[[datetime | None], Revision]) -> Callable[[], Revision]:
    return lambda: step(None)


def _moments(paths: Sequence[Path]) -> list[datetime]:
    """When each file's revision was published: when the file was changed, but after the one before, never to come."""
    moments: list[datetime] = []
    for path in paths:
        changed = datetime.fromtimestamp(path.stat().st_mtime_ns // 1_000_000 / 1000, UTC)
        moment = min(changed, datetime.now(UTC))
        moments.append(max(moment, moments[-1] + timedelta(milliseconds=1)) if moments else moment)
    return moments


def _details(key: str, entry: Dataset | None) -> Details:
    if entry:
        return Details(title_en=entry.title_en, title_cy=entry.title_cy)
    title = key.replace("_", " ").replace("-", " ").strip().capitalize() or key
    return Details(title_en=title, title_cy=title)


def _tick(standin: StandIn, every: float) -> None:
    while standin.pending and not standin.stopped.wait(every):
        standin.publish_next()
