"""The rules a batch is judged by, and the row in which every check says what it found.

Great Expectations, DuckDB and the comparison with the last accepted load all report in `RuleResult`: whoever reads
the outcome need not know which of them spoke. A rule's severity decides what becomes of the batch: an error
quarantines it, a warning is told to people, and info only stands in the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ingestion.lake import Message, Outcome

ROW_CAP = 1000
"""A failed rule names at most this many rows; ``count`` is always the full number."""

Severity = Literal["error", "warning", "info"]
Engine = Literal["gx", "duckdb", "comparison"]
CHECK_ERRORED = "check_errored"


class Status(StrEnum):
    """What a check came to. ``errored`` says nothing about the data: the check itself did not work."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"


class RuleResult(BaseModel):
    """What one rule found in one batch (for one column, where the rule looks at columns one by one)."""

    model_config = ConfigDict(extra="forbid")
    rule_code: str
    severity: Severity
    status: Status
    source_key: str
    load_id: str
    column: str | None = None
    """The role that the rule looked at, e.g. ``area``."""
    message_en: str
    message_cy: str
    count: int = 0
    """How many rows (or years, areas, columns…) the rule found, all of them."""
    rows: list[dict[str, Any]] = Field(default=[], max_length=ROW_CAP)
    """The first of them: ``source_row`` and the values as they came; or what is gone, by name."""
    engine: Engine


class Rule(BaseModel):
    """A rule: its weight, what it says when it trips, and what to do then.

    The texts are templates: ``{count}``, ``{column}`` (its name), and ``{found}`` (the first few things found).
    """

    model_config = ConfigDict(frozen=True)
    code: str
    severity: Severity
    engine: Engine
    expects_en: str
    """What holds when the rule passes; also the note beside the expectation in Data Docs."""
    expects_cy: str
    en: str
    cy: str
    remedy_en: str
    remedy_cy: str


def _rules(*rules: Rule) -> dict[str, Rule]:
    return {rule.code: rule for rule in rules}


# The severities are ARCHITECTURE.md's "Outcomes of a night": a column removed or retyped, an unknown area, a year or
# an area gone and duplicate keys quarantine; a column added, a renamed one, negative numbers do not. What it does not
# name (a swing in size, every value suppressed, sums that do not add up) has ordinary causes, so it warns.
RULES: dict[str, Rule] = _rules(
    Rule(
        code="batch_empty",
        severity="error",
        engine="duckdb",
        expects_en="The batch has rows.",
        expects_cy="Mae rhesi yn y swp.",
        en="the batch has no rows; at least one was expected",
        cy="nid oes rhesi yn y swp; disgwylid o leiaf un",
        remedy_en="Look at the dataset on the publisher’s site; if the figures are there, run the load again.",
        remedy_cy="Edrychwch ar y set ddata ar wefan y cyhoeddwr; os yw’r ffigurau yno, rhedwch y llwyth eto.",
    ),
    Rule(
        code="column_removed",
        severity="error",
        engine="comparison",
        expects_en="Every column that the registry needs or the last accepted load had is there.",
        expects_cy="Mae pob colofn y mae’r gofrestr ei hangen, neu a oedd yn y llwyth diwethaf a dderbyniwyd, yno.",
        en="{count} column(s) that were expected are not there: {found}",
        cy="nid yw {count} o’r colofnau a ddisgwylid yno: {found}",
        remedy_en="If the column has a new name, add it to `names` in datasets.yml; if it is gone for good, "
        "change the registry entry, and run the load again.",
        remedy_cy="Os oes gan y golofn enw newydd, ychwanegwch ef at `names` yn datasets.yml; os yw wedi mynd "
        "am byth, newidiwch gofnod y gofrestr, a rhedwch y llwyth eto.",
    ),
    Rule(
        code="column_retyped",
        severity="error",
        engine="comparison",
        expects_en="A column that held numbers in the last accepted load still does; so does one that held text.",
        expects_cy="Mae colofn a oedd yn cynnwys rhifau yn y llwyth diwethaf a dderbyniwyd yn dal i wneud hynny, "
        "ac felly hefyd golofn a oedd yn cynnwys testun.",
        en="{count} column(s) hold another kind of content than in the last accepted load: {found}",
        cy="mae {count} o’r colofnau yn cynnwys math arall o gynnwys nag yn y llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Compare the column with the last load; if the publisher meant it, change the registry entry "
        "and run the load again.",
        remedy_cy="Cymharwch y golofn â’r llwyth diwethaf; os oedd y cyhoeddwr yn bwriadu hyn, newidiwch gofnod "
        "y gofrestr a rhedwch y llwyth eto.",
    ),
    Rule(
        code="value_not_numeric",
        severity="error",
        engine="gx",
        expects_en="A value is a number, or empty.",
        expects_cy="Mae gwerth yn rhif, neu’n wag.",
        en="{count} row(s) have a value that is neither a number nor empty: {found}",
        cy="mae gan {count} rhes werth nad yw’n rhif nac yn wag: {found}",
        remedy_en="Look at the landed file and ask the publisher to put numbers in the value column.",
        remedy_cy="Edrychwch ar y ffeil a dderbyniwyd a gofynnwch i’r cyhoeddwr roi rhifau yn y golofn werthoedd.",
    ),
    Rule(
        code="value_thousands",
        severity="error",
        engine="duckdb",
        expects_en="A number is written without separators between its thousands: 1234, not 1,234.",
        expects_cy="Ysgrifennir rhif heb wahanu’r miloedd: 1234, nid 1,234.",
        en="{count} row(s) have a value with separators between its thousands: {found}",
        cy="mae gan {count} rhes werth â gwahanwyr rhwng y miloedd: {found}",
        remedy_en="Ask the publisher to write plain numbers in the value column.",
        remedy_cy="Gofynnwch i’r cyhoeddwr ysgrifennu rhifau plaen yn y golofn werthoedd.",
    ),
    Rule(
        code="value_marker",
        severity="error",
        engine="duckdb",
        expects_en="Why there is no value is said by a note code; the value itself is empty.",
        expects_cy="Cod nodyn sy’n dweud pam nad oes gwerth; mae’r gwerth ei hun yn wag.",
        en="{count} row(s) have a marker in place of a value: {found}",
        cy="mae gan {count} rhes farciwr yn lle gwerth: {found}",
        remedy_en="Ask the publisher to leave the value empty and to give the reason as a note code.",
        remedy_cy="Gofynnwch i’r cyhoeddwr adael y gwerth yn wag a rhoi’r rheswm fel cod nodyn.",
    ),
    Rule(
        code="value_is_time",
        severity="error",
        engine="duckdb",
        expects_en="No value of a measure is a time (hours and minutes).",
        expects_cy="Nid oes gwerth mesur sy’n amser (oriau a munudau).",
        en="{count} row(s) have a time where a number was expected: {found}",
        cy="mae gan {count} rhes amser lle disgwylid rhif: {found}",
        remedy_en="Check what the data description measures; none of our measures is in hours and minutes.",
        remedy_cy="Gwiriwch beth mae’r disgrifiad o’r data yn ei fesur; nid oes mesur gennym mewn oriau a munudau.",
    ),
    Rule(
        code="value_out_of_range",
        severity="error",
        engine="duckdb",
        expects_en="No value is beyond what its measure can be.",
        expects_cy="Nid oes gwerth y tu hwnt i’r hyn y gall ei fesur fod.",
        en="{count} row(s) have a value beyond what the measure can be: {found}",
        cy="mae gan {count} rhes werth y tu hwnt i’r hyn y gall y mesur fod: {found}",
        remedy_en="Ask the publisher; if such a value is right, change `min_value` or `max_value` of the measure in "
        "datasets.yml.",
        remedy_cy="Gofynnwch i’r cyhoeddwr; os yw gwerth o’r fath yn gywir, newidiwch `min_value` neu `max_value` y "
        "mesur yn datasets.yml.",
    ),
    Rule(
        code="period_unknown",
        severity="error",
        engine="gx",
        expects_en="Every row says which period it is about, in a form that is recognised.",
        expects_cy="Mae pob rhes yn dweud am ba gyfnod y mae, ar ffurf sy’n cael ei hadnabod.",
        en="{count} row(s) have a period that is missing or not recognised: {found}",
        cy="mae gan {count} rhes gyfnod sydd ar goll neu nad yw’n cael ei adnabod: {found}",
        remedy_en="If the period is possible, check `period` of the column in datasets.yml, which says what kinds of "
        "period it holds; if it is not, as 2019-21 is not, ask the publisher.",
        remedy_cy="Os yw’r cyfnod yn bosibl, gwiriwch `period` y golofn yn datasets.yml, sy’n dweud pa fathau o gyfnod "
        "sydd ynddi; os nad yw, fel nad yw 2019-21, gofynnwch i’r cyhoeddwr.",
    ),
    Rule(
        code="period_mixed",
        severity="error",
        engine="duckdb",
        expects_en="All years of the column are written in one form.",
        expects_cy="Mae holl flynyddoedd y golofn wedi’u hysgrifennu ar un ffurf.",
        en="“{column}” has years in more than one form, so they are not years of one kind, in {count} row(s): {found}",
        cy="mae gan “{column}” flynyddoedd ar fwy nag un ffurf, felly nid blynyddoedd o un math ydynt, mewn {count} "
        "rhes: {found}",
        remedy_en="Ask the publisher which kind of year each one is.",
        remedy_cy="Gofynnwch i’r cyhoeddwr pa fath o flwyddyn yw pob un.",
    ),
    Rule(
        code="area_unknown",
        severity="error",
        engine="gx",
        expects_en="Every row names an area that is in the list of areas.",
        expects_cy="Mae pob rhes yn enwi ardal sydd yn y rhestr ardaloedd.",
        en="{count} row(s) name an area that is not in the list of areas: {found}",
        cy="mae {count} rhes yn enwi ardal nad yw yn y rhestr ardaloedd: {found}",
        remedy_en="If the area is right, add its spelling to dbt_project/seeds/area_aliases.csv and run the load "
        "again; if not, tell the publisher.",
        remedy_cy="Os yw’r ardal yn gywir, ychwanegwch ei sillafiad at dbt_project/seeds/area_aliases.csv a rhedwch y "
        "llwyth eto; os nad yw, dywedwch wrth y cyhoeddwr.",
    ),
    Rule(
        code="area_not_in_wales",
        severity="error",
        engine="gx",
        expects_en="Every row is about an area in Wales.",
        expects_cy="Mae pob rhes am ardal yng Nghymru.",
        en="{count} row(s) name an area that is not in Wales: {found}",
        cy="mae {count} rhes yn enwi ardal nad yw yng Nghymru: {found}",
        remedy_en="Look at the dataset on the publisher’s site: figures for other countries are not loaded from "
        "StatsWales.",
        remedy_cy="Edrychwch ar y set ddata ar wefan y cyhoeddwr: ni lwythir ffigurau gwledydd eraill o StatsCymru.",
    ),
    Rule(
        code="member_unknown",
        severity="error",
        engine="gx",
        expects_en="Every row of the column is one of the members that the registry lists.",
        expects_cy="Mae pob rhes o’r golofn yn un o’r aelodau y mae’r gofrestr yn eu rhestru.",
        en="{count} row(s) have something in “{column}” that the registry does not know: {found}",
        cy="mae gan {count} rhes rywbeth yn “{column}” nad yw’r gofrestr yn ei adnabod: {found}",
        remedy_en="Add the member, or the new spelling of one, to the column in datasets.yml and run the load again.",
        remedy_cy="Ychwanegwch yr aelod, neu’r sillafiad newydd, at y golofn yn datasets.yml a rhedwch y llwyth eto.",
    ),
    Rule(
        code="duplicate_cells",
        severity="error",
        engine="duckdb",
        expects_en="No two rows are about the same cell.",
        expects_cy="Nid oes dwy res am yr un gell.",
        en="{count} row(s) share their cell (measure, period, area and breakdowns) with another row: {found}",
        cy="mae {count} rhes yn rhannu eu cell (mesur, cyfnod, ardal a dadansoddiadau) â rhes arall: {found}",
        remedy_en="Ask the publisher which row is right; if they differ in a column that the registry does not name, "
        "add it to the entry as a breakdown.",
        remedy_cy="Gofynnwch i’r cyhoeddwr pa res sy’n gywir; os ydynt yn wahanol mewn colofn nad yw’r gofrestr yn ei "
        "henwi, ychwanegwch hi at y cofnod fel dadansoddiad.",
    ),
    Rule(
        code="year_gone",
        severity="error",
        engine="comparison",
        expects_en="Every period of the last accepted load is still there.",
        expects_cy="Mae pob cyfnod o’r llwyth diwethaf a dderbyniwyd yn dal yno.",
        en="{count} period(s) of the last accepted load are gone: {found}",
        cy="mae {count} o gyfnodau’r llwyth diwethaf a dderbyniwyd wedi mynd: {found}",
        remedy_en="Ask the publisher whether the periods were withdrawn; run the load again when they are back.",
        remedy_cy="Gofynnwch i’r cyhoeddwr a dynnwyd y cyfnodau yn ôl; rhedwch y llwyth eto pan fyddant yno.",
    ),
    Rule(
        code="area_gone",
        severity="error",
        engine="comparison",
        expects_en="Every area of the last accepted load is still there.",
        expects_cy="Mae pob ardal o’r llwyth diwethaf a dderbyniwyd yn dal yno.",
        en="{count} area(s) of the last accepted load are gone: {found}",
        cy="mae {count} o ardaloedd y llwyth diwethaf a dderbyniwyd wedi mynd: {found}",
        remedy_en="Ask the publisher whether the areas were withdrawn; run the load again when they are back.",
        remedy_cy="Gofynnwch i’r cyhoeddwr a dynnwyd yr ardaloedd yn ôl; rhedwch y llwyth eto pan fyddant yno.",
    ),
    Rule(
        code="value_unexplained",
        severity="warning",
        engine="gx",
        expects_en="An empty value has a note that says why (c, x, z or w).",
        expects_cy="Mae gan werth gwag nodyn sy’n dweud pam (c, x, z neu w).",
        en="{count} row(s) have no value and no note that says why; they are kept as not available",
        cy="nid oes gan {count} rhes werth na nodyn sy’n dweud pam; fe’u cedwir fel rhai nad ydynt ar gael",
        remedy_en="Nothing is needed; ask the publisher if the figures were to be there.",
        remedy_cy="Nid oes angen gwneud dim; gofynnwch i’r cyhoeddwr os dylai’r ffigurau fod yno.",
    ),
    Rule(
        code="note_code_unknown",
        severity="warning",
        engine="gx",
        expects_en="Every note code is one of StatsWales’ shorthand codes.",
        expects_cy="Mae pob cod nodyn yn un o godau llaw-fer StatsCymru.",
        en="{count} row(s) have a note code that is not in the list of codes: {found}",
        cy="mae gan {count} rhes god nodyn nad yw yn y rhestr godau: {found}",
        remedy_en="Find out what the code means before the figures are quoted; the code is kept in `note_codes`.",
        remedy_cy="Darganfyddwch beth mae’r cod yn ei olygu cyn dyfynnu’r ffigurau; cedwir y cod yn `note_codes`.",
    ),
    Rule(
        code="member_unlisted",
        severity="warning",
        engine="gx",
        expects_en="Every row of the column is one of the members that the registry lists.",
        expects_cy="Mae pob rhes o’r golofn yn un o’r aelodau y mae’r gofrestr yn eu rhestru.",
        en="{count} row(s) have something in “{column}” that the registry does not list; it keeps the publisher’s own "
        "wording, and a data description without a measure is shown in no mart: {found}",
        cy="mae gan {count} rhes rywbeth yn “{column}” nad yw’r gofrestr yn ei restru; mae’n cadw geiriad y cyhoeddwr, "
        "ac nid oes mart yn dangos disgrifiad o’r data heb fesur: {found}",
        remedy_en="If it is wanted, add it to the column in datasets.yml.",
        remedy_cy="Os oes ei eisiau, ychwanegwch ef at y golofn yn datasets.yml.",
    ),
    Rule(
        code="column_unknown",
        severity="warning",
        engine="duckdb",
        expects_en="Every column that breaks the figures down has a role in the registry entry.",
        expects_cy="Mae gan bob colofn sy’n dadansoddi’r ffigurau rôl yng nghofnod y gofrestr.",
        en="{count} column(s) have no role in the registry entry; raw keeps them and no mart shows them: {found}",
        cy="nid oes rôl yng nghofnod y gofrestr i {count} o’r colofnau; fe’u cedwir yn y data crai ac nid oes mart yn "
        "eu dangos: {found}",
        remedy_en="If the column matters, give it a role in datasets.yml.",
        remedy_cy="Os yw’r golofn yn bwysig, rhowch rôl iddi yn datasets.yml.",
    ),
    Rule(
        code="not_rounded",
        severity="warning",
        engine="gx",
        expects_en="Every value is rounded as the publisher says.",
        expects_cy="Mae pob gwerth wedi’i dalgrynnu fel y dywed y cyhoeddwr.",
        en="{count} row(s) have a value that is not rounded to the base of the dataset: {found}",
        cy="mae gan {count} rhes werth nad yw wedi’i dalgrynnu i sail y set ddata: {found}",
        remedy_en="Ask the publisher: unrounded values may disclose; change `rounding_base` if the rounding changed.",
        remedy_cy="Gofynnwch i’r cyhoeddwr: gall gwerthoedd heb eu talgrynnu ddatgelu; newidiwch `rounding_base` os "
        "newidiodd y talgrynnu.",
    ),
    Rule(
        code="negative_value",
        severity="warning",
        engine="gx",
        expects_en="No value of this dataset is below zero.",
        expects_cy="Nid oes gwerth o dan sero yn y set ddata hon.",
        en="{count} row(s) have a value below zero where none was expected: {found}",
        cy="mae gan {count} rhes werth o dan sero lle na ddisgwylid un: {found}",
        remedy_en="Ask the publisher; the values are kept as they came.",
        remedy_cy="Gofynnwch i’r cyhoeddwr; cedwir y gwerthoedd fel y daethant.",
    ),
    Rule(
        code="column_added",
        severity="warning",
        engine="comparison",
        expects_en="There is no column that the last accepted load did not have.",
        expects_cy="Nid oes colofn nad oedd yn y llwyth diwethaf a dderbyniwyd.",
        en="{count} column(s) are new since the last accepted load: {found}",
        cy="mae {count} o’r colofnau yn newydd ers y llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="If the column matters, give it a role in datasets.yml; raw keeps it either way.",
        remedy_cy="Os yw’r golofn yn bwysig, rhowch rôl iddi yn datasets.yml; fe’i cedwir yn y data crai beth bynnag.",
    ),
    Rule(
        code="column_renamed",
        severity="info",
        engine="comparison",
        expects_en="Every column has the name that it had in the last accepted load.",
        expects_cy="Mae gan bob colofn yr enw a oedd ganddi yn y llwyth diwethaf a dderbyniwyd.",
        en="{count} column(s) have another name than in the last accepted load: {found}",
        cy="mae gan {count} o’r colofnau enw arall nag yn y llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Nothing is needed.",
        remedy_cy="Nid oes angen gwneud dim.",
    ),
    Rule(
        code="area_year_gone",
        severity="warning",
        engine="comparison",
        expects_en="Every area has the periods that it had in the last accepted load.",
        expects_cy="Mae gan bob ardal y cyfnodau a oedd ganddi yn y llwyth diwethaf a dderbyniwyd.",
        en="{count} area(s) and period(s) of the last accepted load have no row any more: {found}",
        cy="nid oes rhes mwyach ar gyfer {count} o ardaloedd a chyfnodau’r llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Ask the publisher whether the rows were withdrawn.",
        remedy_cy="Gofynnwch i’r cyhoeddwr a dynnwyd y rhesi yn ôl.",
    ),
    Rule(
        code="member_gone",
        severity="warning",
        engine="comparison",
        expects_en="Every member of the last accepted load is still there.",
        expects_cy="Mae pob aelod o’r llwyth diwethaf a dderbyniwyd yn dal yno.",
        en="{count} member(s) of “{column}” in the last accepted load are gone: {found}",
        cy="mae {count} o aelodau “{column}” yn y llwyth diwethaf a dderbyniwyd wedi mynd: {found}",
        remedy_en="Ask the publisher whether the member was withdrawn or is written in another way.",
        remedy_cy="Gofynnwch i’r cyhoeddwr a dynnwyd yr aelod yn ôl neu a yw’n cael ei ysgrifennu mewn ffordd arall.",
    ),
    Rule(
        code="member_new",
        severity="warning",
        engine="comparison",
        expects_en="There is no member that the last accepted load did not have.",
        expects_cy="Nid oes aelod nad oedd yn y llwyth diwethaf a dderbyniwyd.",
        en="{count} member(s) of “{column}” are new since the last accepted load: {found}",
        cy="mae {count} o aelodau “{column}” yn newydd ers y llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Check that the marts read the new member as they should.",
        remedy_cy="Gwiriwch fod y martiau yn darllen yr aelod newydd fel y dylent.",
    ),
    Rule(
        code="row_count_swing",
        severity="warning",
        engine="comparison",
        expects_en="The batch has at least nine tenths, and at most twice, the rows of the last accepted load.",
        expects_cy="Mae gan y swp o leiaf naw rhan o ddeg, a dim mwy na dwywaith, rhesi’r llwyth diwethaf "
        "a dderbyniwyd.",
        en="the batch has {count} row(s) more or fewer than the last accepted load: {found}",
        cy="mae gan y swp {count} rhes yn fwy neu’n llai na’r llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Compare the two loads before the figures are quoted.",
        remedy_cy="Cymharwch y ddau lwyth cyn dyfynnu’r ffigurau.",
    ),
    Rule(
        code="all_suppressed",
        severity="warning",
        engine="duckdb",
        expects_en="At least one row has a value.",
        expects_cy="Mae gan o leiaf un rhes werth.",
        en="none of the {count} row(s) has a value",
        cy="nid oes gan yr un o’r {count} rhes werth",
        remedy_en="Look at the notes and the dataset’s page; the earlier values stay in the history.",
        remedy_cy="Edrychwch ar y nodiadau ac ar dudalen y set ddata; mae’r gwerthoedd cynharach yn aros yn yr hanes.",
    ),
    Rule(
        code="value_swing",
        severity="warning",
        engine="comparison",
        expects_en="No value moved by more than half, and by more than 20, since the last accepted load.",
        expects_cy="Ni symudodd yr un gwerth fwy na hanner, a mwy nag 20, ers y llwyth diwethaf a dderbyniwyd.",
        en="{count} value(s) moved by more than half, and by more than 20, since the last accepted load: {found}",
        cy="symudodd {count} o’r gwerthoedd fwy na hanner, a mwy nag 20, ers y llwyth diwethaf a dderbyniwyd: {found}",
        remedy_en="Ask the publisher what was revised; `measure_revisions` shows both values.",
        remedy_cy="Gofynnwch i’r cyhoeddwr beth a ddiwygiwyd; mae `measure_revisions` yn dangos y ddau werth.",
    ),
    Rule(
        code="wales_sum",
        severity="warning",
        engine="duckdb",
        expects_en="Wales is the sum of its authorities, within what rounding and suppression allow.",
        expects_cy="Cymru yw swm ei hawdurdodau, o fewn yr hyn y mae talgrynnu ac atal gwerthoedd yn ei ganiatáu.",
        en="{count} value(s) for Wales differ from the sum of the authorities by more than rounding: {found}",
        cy="mae {count} o’r gwerthoedd ar gyfer Cymru yn wahanol i swm yr awdurdodau o fwy na thalgrynnu: {found}",
        remedy_en="Ask the publisher; the source’s own Wales row is the one that is shown.",
        remedy_cy="Gofynnwch i’r cyhoeddwr; rhes Cymru y ffynhonnell ei hun a ddangosir.",
    ),
    Rule(
        code="parts_sum",
        severity="error",
        engine="duckdb",
        expects_en="A total is the sum of its parts, within what rounding allows.",
        expects_cy="Mae cyfanswm yn swm ei rannau, o fewn yr hyn y mae talgrynnu yn ei ganiatáu.",
        en="{count} total(s) in “{column}” differ from the sum of their parts by more than rounding: {found}",
        cy="mae {count} o’r cyfansymiau yn “{column}” yn wahanol i swm eu rhannau o fwy na thalgrynnu: {found}",
        remedy_en="Ask the publisher; if one member lies within another, say `closed: false` for the column in "
        "datasets.yml.",
        remedy_cy="Gofynnwch i’r cyhoeddwr; os yw un aelod o fewn un arall, rhowch `closed: false` ar gyfer y golofn "
        "yn datasets.yml.",
    ),
    Rule(
        code="parts_sum_open",
        severity="warning",
        engine="duckdb",
        expects_en="A total is the sum of the parts that are there, within what rounding allows.",
        expects_cy="Mae cyfanswm yn swm y rhannau sydd yno, o fewn yr hyn y mae talgrynnu yn ei ganiatáu.",
        en="{count} total(s) in “{column}” differ from the sum of the parts that are there: {found}",
        cy="mae {count} o’r cyfansymiau yn “{column}” yn wahanol i swm y rhannau sydd yno: {found}",
        remedy_en="Look whether parts are missing or lie within each other; ask the publisher if not. The source’s own "
        "total is the one that is shown.",
        remedy_cy="Edrychwch a oes rhannau ar goll neu o fewn ei gilydd; gofynnwch i’r cyhoeddwr os nad oes. Cyfanswm "
        "y ffynhonnell ei hun a ddangosir.",
    ),
    Rule(
        code="label_cy_missing",
        severity="warning",
        engine="duckdb",
        expects_en="Every member has a Welsh label.",
        expects_cy="Mae gan bob aelod label Cymraeg.",
        en="the source gives no Welsh label for {count} member(s): {found}",
        cy="nid yw’r ffynhonnell yn rhoi label Cymraeg ar gyfer {count} o’r aelodau: {found}",
        remedy_en="Tell the publisher; give the member its Welsh name in datasets.yml meanwhile.",
        remedy_cy="Dywedwch wrth y cyhoeddwr; yn y cyfamser rhowch enw Cymraeg yr aelod yn datasets.yml.",
    ),
    Rule(
        code="label_en_missing",
        severity="warning",
        engine="duckdb",
        expects_en="Every member has an English label.",
        expects_cy="Mae gan bob aelod label Saesneg.",
        en="the source gives no English label for {count} member(s): {found}",
        cy="nid yw’r ffynhonnell yn rhoi label Saesneg ar gyfer {count} o’r aelodau: {found}",
        remedy_en="Tell the publisher; give the member its English name in datasets.yml meanwhile.",
        remedy_cy="Dywedwch wrth y cyhoeddwr; yn y cyfamser rhowch enw Saesneg yr aelod yn datasets.yml.",
    ),
    Rule(
        code="label_formula",
        severity="error",
        engine="duckdb",
        expects_en="No label begins as a spreadsheet’s formula does, with = or @.",
        expects_cy="Nid oes label yn dechrau fel fformiwla taenlen, gydag = neu @.",
        en="{count} row(s) have a label that a spreadsheet would run as a formula: {found}",
        cy="mae gan {count} rhes label y byddai taenlen yn ei redeg fel fformiwla: {found}",
        remedy_en="Do not open the landed file in a spreadsheet; tell the publisher.",
        remedy_cy="Peidiwch ag agor y ffeil a dderbyniwyd mewn taenlen; dywedwch wrth y cyhoeddwr.",
    ),
    Rule(
        code="label_sign",
        severity="warning",
        engine="duckdb",
        expects_en="No label begins with + or - as a formula may.",
        expects_cy="Nid oes label yn dechrau gyda + neu - fel y gall fformiwla.",
        en="{count} row(s) have a label that begins with + or -, which a spreadsheet may take for a formula: {found}",
        cy="mae gan {count} rhes label sy’n dechrau gyda + neu -, y gall taenlen ei gymryd am fformiwla: {found}",
        remedy_en="Take care if the landed file is opened in a spreadsheet; tell the publisher.",
        remedy_cy="Cymerwch ofal os agorir y ffeil a dderbyniwyd mewn taenlen; dywedwch wrth y cyhoeddwr.",
    ),
)

_CONSEQUENCE = {
    "error": (
        "The batch was quarantined; the last good version stays current.",
        "Rhoddwyd y swp mewn cwarantin; mae’r fersiwn dda ddiwethaf yn dal yn gyfredol.",
    ),
    "warning": ("This is a warning.", "Rhybudd yw hwn."),
    "info": ("This is for information.", "Er gwybodaeth yn unig y mae hyn."),
}


class Judged(BaseModel):
    """Whom a result is about: the names that stand in its texts."""

    source_key: str
    load_id: str
    title_en: str
    title_cy: str


def passed(rule: Rule, about: Judged, *, column: str | None = None) -> RuleResult:
    """Say that a rule holds."""
    return RuleResult(
        rule_code=rule.code,
        severity=rule.severity,
        status=Status.PASSED,
        source_key=about.source_key,
        load_id=about.load_id,
        column=column,
        message_en=rule.expects_en,
        message_cy=rule.expects_cy,
        engine=rule.engine,
    )


def failed(
    rule: Rule,
    about: Judged,
    *,
    count: int,
    rows: Sequence[dict[str, Any]] = (),
    found: Iterable[object] = (),
    found_cy: Iterable[object] | None = None,
    column: str | None = None,
    column_names: tuple[str, str] = ("", ""),
) -> RuleResult:
    """Say that a rule tripped.

    Args:
        rule: The rule.
        about: The batch.
        count: How many things it found, all of them.
        rows: The first of them; more than the cap are left off.
        found: Some of them in words, for the English sentence; the first five are named, in quotation marks where
            they have none.
        found_cy: The same for the Welsh sentence, where they are words of ours.
        column: The role it looked at.
        column_names: That column's English and Welsh name.

    Returns:
        The result, with both sentences: where, what was expected and found, what became of it, what to do.
    """
    english = rule.en.format(count=f"{count:,}", column=column_names[0], found=_some(found, "and {} more"))
    welsh = rule.cy.format(
        count=f"{count:,}",
        column=column_names[1],
        found=_some(found if found_cy is None else found_cy, "a {} arall"),
    )
    consequence_en, consequence_cy = _CONSEQUENCE[rule.severity]
    row = rows[0].get("source_row") if rows else None
    where_en, where_cy = (f" (first in row {row:,})", f" (yn gyntaf yn rhes {row:,})") if row else ("", "")
    return RuleResult(
        rule_code=rule.code,
        severity=rule.severity,
        status=Status.FAILED,
        source_key=about.source_key,
        load_id=about.load_id,
        column=column,
        message_en=f"{about.title_en} ({about.source_key}, check): {english}{where_en}. {consequence_en} "
        f"{rule.remedy_en}",
        message_cy=f"{about.title_cy} ({about.source_key}, gwirio): {welsh}{where_cy}. {consequence_cy} "
        f"{rule.remedy_cy}",
        count=count,
        rows=[*rows][:ROW_CAP],
        engine=rule.engine,
    )


def errored(
    about: Judged, detail: str, *, rule: Rule | None = None, engine: Engine = "gx", column: str | None = None
) -> RuleResult:
    """Say that a check did not work, which tells nothing of the data.

    Args:
        about: The batch.
        detail: The exception, in a line.
        rule: The rule that it was about to check; None where it was all of them.
        engine: Who was checking.
        column: The role it looked at.
    """
    which_en = f"the rule “{rule.code}”" if rule else "the batch"
    which_cy = f"y rheol “{rule.code}”" if rule else "y swp"
    return RuleResult(
        rule_code=rule.code if rule else CHECK_ERRORED,
        severity="error",
        status=Status.ERRORED,
        source_key=about.source_key,
        load_id=about.load_id,
        column=column,
        message_en=f"{about.title_en} ({about.source_key}, check): {which_en} could not be checked, because the check "
        f"itself failed: {detail}. Nothing is said of the data; the last good version stays current. Mend the check "
        f"or the installation and run the load again.",
        message_cy=f"{about.title_cy} ({about.source_key}, gwirio): ni ellid gwirio {which_cy}, am i’r gwiriad ei hun "
        f"fethu: {detail}. Ni ddywedir dim am y data; mae’r fersiwn dda ddiwethaf yn dal yn gyfredol. Trwsiwch y "
        f"gwiriad neu’r gosodiad a rhedwch y llwyth eto.",
        engine=rule.engine if rule else engine,
    )


def message(result: RuleResult) -> Message | None:
    """What a load record says of a result; None where the rule passed."""
    if result.status is Status.PASSED:
        return None
    return Message(
        code=CHECK_ERRORED if result.status is Status.ERRORED else result.rule_code,
        severity=result.severity,
        en=result.message_en,
        cy=result.message_cy,
        count=result.count if result.status is Status.FAILED else None,
        rows=result.rows,
    )


def outcome(messages: Iterable[Message]) -> Outcome:
    """What becomes of a batch about which this is said: the heaviest message decides.

    A check that did not work comes before everything else: it is neither a pass nor bad data.
    """
    said = list(messages)
    if any(m.code == CHECK_ERRORED for m in said):
        return Outcome.FAILED
    weights = {m.severity for m in said}
    if "error" in weights:
        return Outcome.QUARANTINED
    return Outcome.ACCEPTED_WITH_WARNINGS if "warning" in weights else Outcome.ACCEPTED


def _some(found: Iterable[object], more: str) -> str:
    """Name the first five, and say how many more were handed over."""
    names = [str(name) for name in found]
    shown = ", ".join(name if name.startswith("“") else f"“{name}”" for name in names[:5])
    return f"{shown} {more.format(f'{len(names) - 5:,}')}" if len(names) > 5 else shown
