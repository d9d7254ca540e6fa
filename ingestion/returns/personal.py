"""What looks like personal data in the text of a return: its kind and where it stands, never the text itself.

A return is about sums and counts. One that carries a child's name stops, so that recall matters; one that was stopped
for a project's name costs somebody an afternoon, so that precision does too.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, Literal, TypeVar

T = TypeVar("T")
Kind = Literal["nhs_number", "date_of_birth", "postcode", "email", "phone", "national_insurance_number", "name"]
NAMES = Path(__file__).with_name("personal_names.yml")

_DIGIT = re.compile(r"\d")
_EMAIL = re.compile(r"[\w.+’'-]+@\w[\w-]*(?:\.[\w-]+)+")
_TEN_DIGITS = re.compile(r"(?<!\d)\d(?:[ \u00a0.\u2010-\u2013-]?\d){9}(?!\d)")
_NHS_LABEL = re.compile(
    r"(?:nhs|gig|chi)\W{0,3}(?:no|number|num|rhif|id)?[\s.:#=–-]*$|rhif\s+(?:y\s+)?gig\W*$", re.IGNORECASE
)
_PHONE = re.compile(
    r"(?<![\w£$€.,+/-])(?:\+44|0044|0)[ -]?(?:\(0\)[ -]?)?[(]?[127](?:[ )(-]{0,2}\d){8,9}(?![\d,.]\d|\w)"
)
_NI = re.compile(
    r"(?<![\w-])(?!BG|GB|NK|KN|TN|NT|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z](?:[ -]?\d\d){3}[ -]?[A-D](?![\w-])",
    re.IGNORECASE,
)
_AREAS = (
    "AB|AL|B|BA|BB|BD|BH|BL|BN|BR|BS|BT|CA|CB|CF|CH|CM|CO|CR|CT|CV|CW|DA|DD|DE|DG|DH|DL|DN|DT|DY|E|EC|EH|EN|EX|FK|FY|G|"
    "GL|GU|GY|HA|HD|HG|HP|HR|HS|HU|HX|IG|IM|IP|IV|JE|KA|KT|KW|KY|L|LA|LD|LE|LL|LN|LS|LU|M|ME|MK|ML|N|NE|NG|NN|NP|NR|NW|"
    "OL|OX|PA|PE|PH|PL|PO|PR|RG|RH|RM|S|SA|SE|SG|SK|SL|SM|SN|SO|SP|SR|SS|ST|SW|SY|TA|TD|TF|TN|TQ|TR|TS|TW|UB|W|WA|WC|WD|"
    "WF|WN|WR|WS|WV|YO|ZE"
)
_POSTCODE = re.compile(
    rf"(?<![\w-])(?:{_AREAS})(?:\d[A-HJKMNPR-Y]?|\d\d)[ \u00a0]{{0,2}}(\d[ABD-HJLNP-UW-Z]{{2}})(?![\w-])", re.IGNORECASE
)
_INWARD = re.compile(r"\d[A-Za-z]{2}(?![\w-])")
_ORDINAL = re.compile(r"\d(?:st|nd|rd|th)")

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?|ionawr|chwefror|[mf]awrth|ebrill|[mf]ai|[mf]ehefin|g?orffennaf|awst|[mf]edi|hydref|"
    r"[td]achwedd|rh?agfyr)"
)
_DAY = (
    r"(?:(?:0?[1-9]|[12]\d|3[01])\s?[/.-]\s?(?:0?[1-9]|1[0-2])\s?[/.-]\s?(?:19|20)?\d\d"
    r"|(?:19|20)\d\d[/.-](?:0?[1-9]|1[0-2])[/.-](?:0?[1-9]|[12]\d|3[01])"
    rf"|\d{{1,2}}(?:st|nd|rd|th|af|ail|il|ydd|edd|fed|eg|ain)?\s+(?:of\s+|o\s+)?{_MONTH},?\s+(?:19|20)?\d\d"
    rf"|{_MONTH}\s+\d{{1,2}}(?:st|nd|rd|th)?,?\s+(?:19|20)\d\d)"
)
_BIRTH = (
    r"(?:d\.?\s?o\.?\s?b\b\.?|dates?\s+of\s+birth|birth\s?(?:date|day)|dyddiad(?:au)?\s+geni|d\.?\s?g\b\.?|pen-?blwydd)"
)
_BORN = r"(?:born|was\s+born|ganwyd|ganed|[ae]ni|geni)(?:\s+(?:e|ef|hi))?"
_DATE_OF_BIRTH = re.compile(
    rf"\b{_BIRTH}[\s:=(–-]*(?:(?:is|was|on|yw|oedd|ar)\b)?[\s:=(–-]*(?:the\s+)?{_DAY}\b"
    rf"|\b{_BORN}[\s:(,–-]*(?:(?:on|ar)\b)?\s*(?:the\s+)?(?:\w+day,?\s+)?{_DAY}\b"
    rf"|\b{_DAY}\s*[,(–-]*\s*{_BIRTH}",
    re.IGNORECASE,
)
_BIRTH_HINTS = (
    "birth",
    "born",
    "dob",
    "d.o",
    "d o",
    "geni",
    "ganwyd",
    "ganed",
    "eni ",
    "ani ",
    "blwydd",
    "dg",
    "d.g",
    "d. ",
)

_WORD = re.compile(r"[^\W\d_][\w’'-]*")
_CAPITALISED = re.compile(r"\b[A-ZÀ-ÖØ-ÞŴŶ][\w’'-]*")
_CAPITAL = r"[A-ZÀ-ÖØ-ÞŴŶ][\w’'-]+"
_TITLES = frozenset("Mr Mrs Miss Ms Mx Dr Prof Rev Parch MR MRS MISS MS DR".split())  # noqa: SIM905
_CALLING = ("called", "named", "name", "enw", "elwir", "Called", "Named")
_HONORIFIC = re.compile(
    rf"\b(?:{'|'.join(sorted(_TITLES))})\b\.?\s+(?:(?:[A-Z]\.?\s?){{1,2}}\s?)?"
    rf"({_CAPITAL})(?:\s+({_CAPITAL}|\w+))?(?:\s+(\w+))?"
)
_INITIALS = re.compile(rf"(?<![\w.&])(?:[A-Z]\.\s?){{1,3}}({_CAPITAL})(?:\s+(\w+))?")
_PERSON_EN = (
    r"(?:child|boy|girl|baby|infant|toddler|teenager|youngster|son|daughter|brother|sister|sibling|twin|mother|father|"
    r"mum|dad|parent|carer|person|man|woman|lady|nephew|niece|grand(?:mother|father|son|daughter)|care leaver|"
    r"student|pupil)"
)
_PERSON_CY = (
    r"(?:[pbf]h?lentyn|[bfm]achgen|[mf]erch|[mf]ab|[bf]abi|baban|[cgh]+efnder|[cg]?h?waer|[bf]rawd|[mf]am|[td]h?ad|"
    r"[gr]?h?iant|g?ofalwr|g?ofalwraig|[pbf]h?erson(?:\s+ifanc)?|[dn]yn|[mf]enyw|[gh]?ogan|disgybl|efaill)"
)
_CALLED = re.compile(
    rf"\b(?:(?i:{_PERSON_EN})(?:,|\s+who\s+(?:is|was))?\s+(?i:called|named)"
    rf"|(?i:{_PERSON_CY})\s+(?i:o[’']?r\s+enw|a\s+elwir(?:\s+yn)?))\s+[“\"‘']?({_CAPITAL})"
)
_NAMED_SO = re.compile(
    rf"(?i:\b(?:his|her|their|the\s+child[’']s|my)\s+(?:full\s+|first\s+)?name\s+(?:is|was))\s+({_CAPITAL})"
    rf"|(?i:\bei\s+(?:h?enw)\s+(?:hi\s+|ef\s+)?(?:yw|oedd))\s+({_CAPITAL})"
)
_AGED = re.compile(
    r"\s*(?:,\s*(?:aged\s+|age\s+)?\d{1,2}\s*[,.)]|\s+aged\s+\d{1,2}\b"
    r"|\(\s*(?:aged\s+|age\s+)?\d{1,2}\s*(?:oed)?\s*\)|,?\s+(?:yn\s+)?\d{1,2}\s+oed\b)"
)
_PATRONYMICS = frozenset({"ap", "ab", "ferch"})


@dataclass(frozen=True, slots=True)
class Finding(Generic[T]):
    """That something stands somewhere. What it is exactly is not kept."""

    kind: Kind
    where: T


def find_personal_data(cells: Iterable[tuple[T, str, bool]]) -> list[Finding[T]]:
    """Look for personal data.

    Args:
        cells: Where a text stands, the text, and whether it is narrative: names are looked for there only.

    Returns:
        What was found, each kind once a cell, in the order of the cells.
    """
    known: dict[tuple[str, bool], tuple[Kind, ...]] = {}
    findings = []
    for where, text, narrative in cells:
        key = (text, narrative)
        kinds = known.get(key)
        if kinds is None:
            kinds = known[key] = tuple(_kinds(text, narrative))
        findings += [Finding(kind, where) for kind in kinds]
    return findings


def _kinds(text: str, narrative: bool) -> Iterator[Kind]:
    if "@" in text and _EMAIL.search(text):
        yield "email"
    if digits := len(_DIGIT.findall(text)):
        yield from _with_digits(text, digits)
    if narrative and _has_name(text):
        yield "name"


def _with_digits(text: str, digits: int) -> Iterator[Kind]:
    # How many digits there are spares most texts most of the questions.
    if digits >= 10 and any(_is_nhs_number(text, found) for found in _TEN_DIGITS.finditer(text)):
        yield "nhs_number"
    if digits >= 3 and _may_tell_a_birth(text) and _DATE_OF_BIRTH.search(text):
        yield "date_of_birth"
    codes = _POSTCODE.finditer(text) if digits >= 2 and _INWARD.search(text) else ()
    if any(not _ORDINAL.fullmatch(found[1]) for found in codes):
        yield "postcode"
    if digits >= 10 and _PHONE.search(text):
        yield "phone"
    if digits >= 6 and _NI.search(text):
        yield "national_insurance_number"


def _may_tell_a_birth(text: str) -> bool:
    lower = text.lower()
    return any(hint in lower for hint in _BIRTH_HINTS)


def _is_nhs_number(text: str, found: re.Match[str]) -> bool:
    from stdnum.gb import nhs

    digits = re.sub(r"\D", "", found[0])
    if len(set(digits)) == 1 or not nhs.is_valid(digits):
        return False
    before, after = text[max(0, found.start() - 24) : found.start()], text[found.end() : found.end() + 2]
    if re.match(r"[^\W\d]|[.,/:]\d|[ \u00a0]?[%£]", after):
        return False
    if _NHS_LABEL.search(before):
        return True
    groups = [len(g) for g in re.split(r"\D", found[0])]
    return not (
        digits[0] == "0"  # a telephone number
        or re.search(r"[\w£$€/#+_.,-]$|[£$€]\s$|\d[ \u00a0]$", before)  # money, or part of something longer
        or groups == [1, 3, 3, 3]  # a number in thousands
        or len(groups) == len(digits)
        or re.match(r"(?:19|20)\d\d\D|\d\d?\D\d\d?\D(?:19|20)\d\d\b", found[0])  # years and dates
    )


# -- names ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Words:
    given: frozenset[str]
    words_too: frozenset[str]
    surnames: frozenset[str]
    after: frozenset[str]
    before: frozenset[str]
    not_surnames: frozenset[str]
    institutions: frozenset[str]
    does: frozenset[str]
    belongings_after: frozenset[str]
    belongings_before: frozenset[str]
    welsh_verbs: frozenset[str]


@functools.cache
def _words() -> _Words:
    from ingestion.statswales.registry import parse_yaml

    lists, _ = parse_yaml(NAMES)

    def words(key: str) -> frozenset[str]:
        return frozenset(str(lists[key]).split())

    return _Words(
        given=words("given_names") - words("given_names_and_words"),
        words_too=words("given_names_and_words"),
        surnames=words("surnames"),
        after=words("things_after"),
        before=words("things_before"),
        not_surnames=words("not_surnames"),
        institutions=frozenset(lists["institutions"]),
        does=words("does"),
        belongings_after=words("belongings_after"),
        belongings_before=words("belongings_before"),
        welsh_verbs=words("welsh_verbs"),
    )


def _has_name(text: str) -> bool:
    lists = _words()
    words = set(_CAPITALISED.findall(text))
    return (
        (not words.isdisjoint(_TITLES) and _has_title(text, lists))
        or (any(word in text for word in _CALLING) and _is_called(text, lists))
        or (any(map(_is_given, words)) and _has_given_name(text, lists))
        or (". " in text and not words.isdisjoint(lists.surnames) and _has_initials(text, lists))
    )


def _has_title(text: str, lists: _Words) -> bool:
    for found in _HONORIFIC.finditer(text):
        name, *following = (word for word in found.groups() if word)
        belongs = name != _bare(name) and not name.isupper()
        if belongs or not any(_bare(word).lower() in lists.after for word in (name, *following)):
            return True
    return False


def _is_called(text: str, lists: _Words) -> bool:
    for pattern in (_CALLED, _NAMED_SO):
        for found in pattern.finditer(text):
            following = _WORD.search(text, found.end())
            is_thing = (
                following is not None and following[0].lower() in lists.after and following.start() - found.end() < 2
            )
            if not is_thing and _bare(found[found.lastindex or 1]).lower() not in lists.not_surnames:
                return True
    return False


def _has_initials(text: str, lists: _Words) -> bool:
    for found in _INITIALS.finditer(text):
        if _bare(found[1]) in lists.surnames and not (found[2] and found[2].lower() in lists.after):
            return True
    return False


def _has_given_name(text: str, lists: _Words) -> bool:
    tokens = list(_WORD.finditer(text))
    return any(_names_somebody(text, tokens, index, lists) for index, token in enumerate(tokens) if _is_given(token[0]))


@functools.lru_cache(maxsize=20_000)
def _is_given(word: str) -> bool:
    if not word[0].isupper():
        return False
    lists = _words()
    name = _bare(word).partition("-")[0]
    return name in lists.given or name in lists.words_too


def _bare(word: str) -> str:
    """Without what hangs on a name, and without capitals all through."""
    word = re.sub(r"[’'](?:s|n|r|i|u|w|m|ch|th)?$", "", word.rstrip("-"))
    return word.title() if len(word) > 2 and word.isupper() else word


def _names_somebody(text: str, tokens: list[re.Match[str]], index: int, lists: _Words) -> bool:
    token = tokens[index]
    given = _bare(token[0]).partition("-")[0]
    before = tokens[index - 1] if index else None
    is_near = before is not None and re.fullmatch(r"[\s.]{0,2}", text[before.end() : token.start()])
    earlier = before[0].lower() if before is not None and is_near else ""
    if earlier in lists.before or earlier.removesuffix("’r") in lists.before:
        return False
    own_possessive = token[0] != _bare(token[0]) and not token[0].isupper()
    rest = [] if own_possessive else _close_by(text, tokens, index)
    if rest and rest[0] in _PATRONYMICS and len(rest) > 1 and rest[1][0].isupper():
        return True
    while rest and len(_bare(rest[0])) == 1 and rest[0].isupper() and len(rest) > 1:  # an initial
        rest = rest[1:]
    if rest and _is_surname(given, rest, lists):
        return True
    if given in lists.words_too:
        return False
    if before is not None and _bare(before[0]) in lists.surnames and text[before.end() : token.start()] == ", ":
        is_whole = index == 1 and len(tokens) == 2
        return (is_whole or given not in lists.surnames) and not (rest and rest[0].lower() in lists.after)
    if rest and rest[0][0].isupper():
        return False
    follows = rest[0].lower() if rest else ""
    if follows in lists.after:
        return False
    if given not in lists.surnames and _is_joined(text, tokens, index, lists):
        return True
    belongs = own_possessive and index + 1 < len(tokens) and tokens[index + 1][0].lower() in lists.belongings_after
    if belongs or (earlier in lists.belongings_before and not own_possessive):
        return True
    return bool(follows in lists.does or earlier in lists.welsh_verbs or _AGED.match(text, token.end()))


def _is_joined(text: str, tokens: list[re.Match[str]], index: int, lists: _Words) -> bool:
    """Whether another given name follows: ``Llio a Guto``, ``Elin, Mali``."""
    ends = tokens[index].end()
    for other in tokens[index + 1 : index + 3]:
        if _bare(other[0]) in lists.given and re.fullmatch(r",? | (?:and|a|ac|&) ", text[ends : other.start()]):
            return True
    return False


def _is_surname(given: str, rest: list[str], lists: _Words) -> bool:
    surname = _bare(rest[0])
    if not surname[:1].isupper() or len(surname) < 2 or f"{given} {surname}" in lists.institutions:
        return False
    if surname.lower() in lists.not_surnames or (surname.lower() in lists.after and surname not in lists.surnames):
        return False
    if given in lists.words_too and surname not in lists.surnames:
        return False
    has_possessive = rest[0] != surname and not rest[0].isupper()
    return has_possessive or not (
        any(word.lower() in lists.after for word in rest[1:2])
        or any(word.lower() in lists.after for word in rest[2:4] if rest[1][0].isupper() and word[0].isupper())
    )


def _close_by(text: str, tokens: list[re.Match[str]], index: int) -> list[str]:
    """The words that follow with nothing but a space (or the dot of an initial) between."""
    words: list[str] = []
    for before, token in zip(tokens[index : index + 5], tokens[index + 1 : index + 6], strict=False):
        gap = text[before.end() : token.start()]
        if not (gap in (" ", "\u00a0", "  ") or (gap == ". " and len(before[0]) == 1)):
            break
        words.append(token[0])
    return words
