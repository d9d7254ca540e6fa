"""Reminders: who is told what and when, in both languages."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingestion.lake import LandedFile
from ingestion.returns.calendar import Expected, expected, with_extension
from ingestion.returns.reminders import Draft, count_days, drafts, when, write_drafts
from ingestion.returns.spec import find_return
from ingestion.returns.store import Judgement, Receipt, Submission, SubmissionOutcome

GWENT = ("icf_spend_quarterly", "rpb_gwent", "2019-20 Q2")
DUE = date(2019, 11, 15)


def owed(area: str = "rpb_gwent", period: str = "2019-20 Q2", key: str = "icf_spend_quarterly") -> Expected:
    found = expected([find_return(key)], date(2020, 4, 1))
    return next(e for e in found if (e.area_code, e.period_key) == (area, period))


def came(
    outcome: SubmissionOutcome | None,
    on: date = date(2019, 11, 10),
    *,
    personal: bool = False,
    errors: int = 7,
    closed: date | None = None,
) -> Submission:
    at = datetime(on.year, on.month, on.day, 12, tzinfo=UTC)
    judged = None
    if outcome:
        judged = Judgement(
            outcome=outcome,
            return_key=GWENT[0],
            area_code=GWENT[1],
            period_key=GWENT[2],
            errors=errors,
            has_personal_data=personal,
        )
    return Submission(
        receipt=Receipt(
            submission_id="0123456789abcdef",
            received_at=at,
            landed_at=at,
            channel="inbox",
            original_name="John Smith.xlsx",
            inbox_key="k",
            file=LandedFile(role="submission", path="landed/x", sha256="0" * 64, bytes=1, url="inbox:x"),
        ),
        judgement=judged,
        accepted_at=at if outcome in ("accepted", "part_accepted") else None,
        known_to=datetime(closed.year, closed.month, closed.day, tzinfo=UTC) if closed else None,
        closed_by="withdrawn" if closed else None,
    )


def kinds(found: list[Draft]) -> list[str]:
    return [d.kind for d in found]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, ("0 days", "0 diwrnod")),
        (1, ("1 day", "1 diwrnod")),
        (2, ("2 days", "2 ddiwrnod")),
        (3, ("3 days", "3 diwrnod")),
        (4, ("4 days", "4 diwrnod")),
        (12, ("12 days", "12 diwrnod")),
        (22, ("22 days", "22 diwrnod")),
    ],
)
def test_days_are_counted_as_each_language_counts_them(number: int, words: tuple[str, str]) -> None:
    assert count_days(number) == words


@pytest.mark.parametrize(
    ("on", "words"),
    [
        (15, ("today", "heddiw")),
        (14, ("tomorrow", "yfory")),
        (16, ("yesterday", "ddoe")),
        (13, ("in 2 days", "ymhen 2 ddiwrnod")),
        (10, ("in 5 days", "ymhen 5 diwrnod")),
        (17, ("2 days ago", "2 ddiwrnod yn ôl")),
    ],
)
def test_how_far_off_a_day_is(on: int, words: tuple[str, str]) -> None:
    assert when(DUE, date(2019, 11, on)) == words


@pytest.mark.parametrize(
    ("on", "kind"),
    [
        ("2019-11-01", ["due_soon"]),  # 14 days before
        ("2019-11-02", []),
        ("2019-11-12", ["due_soon"]),
        ("2019-11-15", []),
        ("2019-11-16", ["overdue"]),
        ("2019-11-17", []),
        ("2019-11-22", ["overdue"]),
    ],
)
def test_what_has_not_come_is_reminded_of_on_the_days_of_the_spec(on: str, kind: list[str]) -> None:
    assert kinds(drafts([owed()], [], date.fromisoformat(on))) == kind


@pytest.mark.parametrize(
    ("on", "kind"),
    [("2019-10-31", []), ("2019-11-02", ["due_soon"]), ("2019-11-15", ["due_soon"]), ("2020-06-01", ["overdue"])],
)
def test_all_that_is_open_can_be_asked_for_on_any_day(on: str, kind: list[str]) -> None:
    assert kinds(drafts([owed()], [], date.fromisoformat(on), all_open=True)) == kind


def test_an_extension_is_what_counts() -> None:
    longer = with_extension(owed(), date(2019, 11, 29))
    assert kinds(drafts([longer], [], date(2019, 11, 16))) == []
    (draft,) = drafts([longer], [], date(2019, 11, 26))
    assert "29 November 2019 (in 3 days)" in draft.body_en


def test_nobody_is_reminded_of_what_they_are_not_asked_for() -> None:
    assert drafts([replace(owed(), is_required=False)], [], date(2019, 11, 16)) == []


@pytest.mark.parametrize(
    ("outcome", "kind"),
    [
        ("accepted", []),
        ("part_accepted", []),
        ("quarantined", ["quarantined"]),
        ("held", ["held"]),
        ("duplicate", ["overdue"]),
        (None, ["overdue"]),
    ],
)
def test_what_came_decides_what_there_is_to_remind_of(outcome: SubmissionOutcome | None, kind: list[str]) -> None:
    assert kinds(drafts([owed()], [came(outcome)], date(2019, 11, 16), all_open=True)) == kind


def test_the_last_submission_counts() -> None:
    first, second = came("quarantined"), came("accepted", date(2019, 11, 11))
    assert drafts([owed()], [first, second], date(2019, 11, 16), all_open=True) == []
    worse = came("quarantined", date(2019, 11, 12))
    assert kinds(drafts([owed()], [second, worse], DUE, all_open=True)) == ["quarantined"]


def test_a_copy_of_a_file_in_quarantine_mends_nothing() -> None:
    found = drafts([owed()], [came("quarantined"), came("duplicate", date(2019, 11, 12))], DUE, all_open=True)
    assert kinds(found) == ["quarantined"]


def test_what_was_withdrawn_is_missing_again() -> None:
    gone = came("accepted", closed=date(2019, 11, 14))
    assert kinds(drafts([owed()], [gone], date(2019, 11, 16))) == ["overdue"]
    assert drafts([owed()], [gone], date(2019, 11, 12)) == []


def test_what_comes_after_the_day_is_not_known_yet() -> None:
    assert kinds(drafts([owed()], [came("accepted", date(2019, 11, 20))], date(2019, 11, 16))) == ["overdue"]


@pytest.mark.parametrize(("days", "told"), [(0, False), (1, True), (2, False), (7, True), (8, False), (14, True)])
def test_what_came_and_does_not_stand_is_told_the_day_after_and_every_week(days: int, told: bool) -> None:
    found = drafts([owed()], [came("held", date(2019, 11, 1))], date(2019, 11, 1 + days))
    assert bool(found) is told


def test_the_preferred_language_comes_first() -> None:
    item = owed("W06000002", key="ccg_spend_quarterly")
    (draft,) = drafts([item], [], date(2019, 11, 12))
    assert draft.language == "cy"
    assert draft.subject.startswith("Grant Plant a Chymunedau")
    assert draft.text.index("15 Tachwedd 2019") < draft.text.index("15 November 2019")
    (other,) = drafts([owed()], [], date(2019, 11, 12))
    assert other.language == "en"
    assert other.text.index("15 November 2019") < other.text.index("15 Tachwedd 2019")


def test_a_reminder_says_what_is_missing_when_it_was_due_and_where_it_goes() -> None:
    (draft,) = drafts([owed(period="2019-20 Q4")], [], date(2020, 6, 8))
    assert "1 June 2020 (7 days ago)" in draft.body_en
    assert "1 Mehefin 2020 (7 diwrnod yn ôl)" in draft.body_cy
    for part in (
        "“Spend”",
        "Regional Partnership Board lead",
        "audit certificate",
        "“rpb-gwent”",
        "Quarter 4, 2019-20",
    ):
        assert part in draft.body_en
    for part in ("“Gwariant”", "Arweinydd y Bwrdd", "dystysgrif archwilio", "“rpb-gwent”", "Chwarter 4, 2019-20"):
        assert part in draft.body_cy
    assert "gofal returns template icf_spend_quarterly --area rpb_gwent --period 2019-20Q4" in draft.body_en


def test_an_audit_certificate_is_named_only_where_it_is_asked_for() -> None:
    (draft,) = drafts([owed()], [], date(2019, 11, 12))
    assert "audit" not in draft.body_en
    assert "archwilio" not in draft.body_cy


def test_a_nil_return_is_offered_where_it_is_allowed() -> None:
    (draft,) = drafts([owed(period="2019-20 H1", key="icf_outcomes_six_monthly")], [], date(2019, 11, 12))
    assert "nil return" in draft.body_en
    assert "Dim i’w adrodd" in draft.body_cy
    (other,) = drafts([owed()], [], date(2019, 11, 12))
    assert "nil return" not in other.body_en


def test_a_file_in_quarantine_is_named_by_its_number_and_never_by_its_name() -> None:
    (draft,) = drafts([owed()], [came("quarantined", personal=True)], date(2019, 11, 11))
    assert "0123456789ab; number of errors: 7; it appears to carry personal data" in draft.body_en
    assert "10 Tachwedd 2019" in draft.body_cy
    assert "data personol" in draft.body_cy
    assert "John" not in draft.text


def test_no_text_has_a_gap_or_a_name_left_in_it() -> None:
    items = [owed(), owed("W06000002", key="ccg_spend_quarterly"), owed("W06000002", "2019-20", "re_plan")]
    found = drafts(items, [came("held")], date(2019, 11, 16), all_open=True)
    found += drafts(items, [came("quarantined")], date(2019, 11, 11), all_open=True)
    assert {d.kind for d in found} == {"due_soon", "overdue", "quarantined", "held"}
    for draft in found:
        assert draft.body_en != draft.body_cy
        assert "{" not in draft.subject + draft.text
        assert all(line.split(": ", 1)[1].strip() for line in draft.text.splitlines() if ": " in line)
        assert "'" not in draft.subject + draft.text


def test_drafts_are_written_as_text_or_as_mail(tmp_path: Path) -> None:
    found = drafts([owed("W06000002", key="ccg_spend_quarterly")], [], date(2019, 11, 12))
    (text,) = write_drafts(found, tmp_path / "out")
    assert text.name == "w06000002_ccg_spend_quarterly_2019-20q2_due_soon.txt"
    assert text.read_text(encoding="utf-8") == f"{found[0].subject}\n\n{found[0].text}"
    (mail,) = write_drafts(found, tmp_path / "out", "eml")
    message = email.message_from_bytes(mail.read_bytes(), policy=email.policy.default)
    assert message["Subject"] == found[0].subject
    assert message["Content-Language"] == "cy, en"
    assert message["To"] is None
    body = message.get_body()
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == found[0].text


def test_a_draft_of_the_same_matter_is_replaced(tmp_path: Path) -> None:
    for day in (date(2019, 11, 1), date(2019, 11, 12)):
        write_drafts(drafts([owed()], [], day), tmp_path)
    (only,) = tmp_path.iterdir()
    assert "in 3 days" in only.read_text(encoding="utf-8")


def test_nobody_is_reminded_of_what_fell_due_before_it_was_collected() -> None:
    never = replace(owed(), is_collected=False)
    assert [d.kind for d in drafts([never], [], date(2019, 11, 12))] == ["due_soon"]  # it may be the first to come
    assert drafts([never], [], date(2019, 11, 16)) == []
    assert drafts([never], [], date(2019, 12, 20), all_open=True) == []
    assert [d.kind for d in drafts([owed()], [], date(2019, 12, 20), all_open=True)] == ["overdue"]
