"""The stage that takes returns: from an inbox to a verdict and an answer, once, whatever breaks in between."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from expectations.checks import CheckErrored
from ingestion import nightly
from ingestion.config import Settings
from ingestion.nightly import Run
from ingestion.returns import inbox
from ingestion.returns.store import ReturnStore

KEY = ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q2")


@pytest.fixture
def real(tmp_path):
    return Settings(home=tmp_path / "home", source="live", inbox_quiet=0)


@pytest.fixture
def drop(real, made, write_return):
    def dropped(name="rpb-gwent/a.csv", one=None):
        path = Path(real.inbox_url) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_return(one or made.SPEND, path)
        os.utime(path, (1_573_500_000, 1_573_500_000))
        return path

    return dropped


@pytest.fixture(autouse=True)
def _quick(one_sandbox, monkeypatch):
    """Great Expectations takes seconds to import, and has tests of its own."""
    monkeypatch.setattr("expectations.returns.judge_submissions", lambda *_: {})


def test_a_run_takes_judges_answers_and_tidies(real, drop, made):
    good = drop()
    bad = drop("rpb-gwent/b.csv", made.OUTCOMES.with_(project=""))
    run = Run("one", settings=real)
    assert nightly.returns(run) == {"accepted": 1, "quarantined": 1}
    assert not good.exists()
    assert not bad.exists()
    told = run.folder.read("returns")
    assert told["outcomes"] == {"accepted": 1, "quarantined": 1}
    for one in told["submissions"]:
        assert (Path(one["answer"]) / inbox.PAGE_CY).is_file()
        assert Path(one["answer"]).is_relative_to(real.outbox_url)
        assert one["rows_received"] == one["rows_accepted"] + one["rows_quarantined"]
    assert ReturnStore(run.lake).ledger().current(*KEY).version == 1
    assert nightly.returns(Run("two", settings=real)) == {}


def test_a_run_without_an_inbox_has_nothing_to_do(real):
    assert nightly.returns(Run("one", settings=real)) == {}


def test_what_a_broken_check_left_is_taken_by_the_next_run(real, drop, monkeypatch):
    path = drop()

    def breaks(*_):
        raise CheckErrored("broken", "wedi torri", code="check_errored")

    with monkeypatch.context() as patched:
        patched.setattr("expectations.returns.judge_submissions", breaks)
        with pytest.raises(CheckErrored):
            nightly.returns(Run("one", settings=real))
    assert path.exists()
    assert nightly.returns(Run("two", settings=real)) == {"accepted": 1}
    assert not path.exists()
    assert len(ReturnStore(Run("three", settings=real).lake).ledger().submissions) == 1


def test_a_real_run_never_lays_out_the_sample(real, monkeypatch):
    monkeypatch.setattr("ingestion.sample.inbox.lay_out", lambda *_: pytest.fail("laid out in a real inbox"))
    nightly.returns(Run("one", settings=real))


def test_a_run_of_the_sample_lays_it_out_unless_it_is_told_not_to(tmp_path, monkeypatch):
    laid = []
    monkeypatch.setattr("ingestion.sample.inbox.lay_out", lambda *about: bool(laid.append(about[1:])))
    sample = Settings(home=tmp_path / "sample", inbox_quiet=0, sample_release=2)
    nightly.returns(Run("one", settings=sample))
    assert laid == [(sample.inbox_url, 2)]
    nightly.returns(Run("two", settings=sample.model_copy(update={"bundled_returns": False})))
    assert len(laid) == 1


@pytest.mark.parametrize("broken", [False, True])
def test_a_run_of_the_inbox_builds_publishes_and_reports_whatever_became_of_the_returns(
    real, drop, monkeypatch, broken
):
    drop()
    steps = []
    monkeypatch.setattr(nightly, "build", lambda _: steps.append("build"))
    monkeypatch.setattr(nightly, "publish", lambda _: steps.append("publish"))
    monkeypatch.setattr(nightly, "report", lambda _: steps.append("report"))
    if broken:
        monkeypatch.setattr("ingestion.returns.inbox.receive", lambda *_, **__: 1 / 0)
    run = Run("one", settings=real)
    nightly.run_returns(run)
    assert steps == ["build", "publish", "report"]
    assert run.folder.read("run")["is_inbox"]
    errors = run.folder.read_all("errors")
    assert bool(errors) is broken
