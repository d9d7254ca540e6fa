from __future__ import annotations

import random
import time

import pytest

from ingestion.returns.personal import Finding, find_personal_data

# No real person's: the numbers are made by the checksum, the postcodes and names are made up or of public examples.
POSITIVE = [
    ("nhs_number", "9434765919"),
    ("nhs_number", "943 476 5919"),
    ("nhs_number", "NHS number 943-476-5919, placed in Gwent"),
    ("nhs_number", "Rhif GIG: 943 476 5919"),
    ("nhs_number", "NHS9434765919"),
    ("nhs_number", "The child (943 4765919) moved in May"),
    ("nhs_number", "94 34 76 59 19"),
    ("nhs_number", "9434765919."),
    ("date_of_birth", "DOB 12/03/2009"),
    ("date_of_birth", "D.O.B.: 12.3.09"),
    ("date_of_birth", "Date of birth: 2009-03-12"),
    ("date_of_birth", "date of birth is 12th March 2009"),
    ("date_of_birth", "born on 3 May 2011"),
    ("date_of_birth", "a boy, born 3rd of May 2011, who"),
    ("date_of_birth", "dyddiad geni 12/03/2009"),
    ("date_of_birth", "Dyddiad geni: 3 Mai 2011"),
    ("date_of_birth", "ganwyd ar 3 Mawrth 2011"),
    ("date_of_birth", "a anwyd hi; fe’i ganed 3ydd o Fai 2011"),
    ("date_of_birth", "12/03/2009 (DOB)"),
    ("date_of_birth", "She was born on Tuesday 3 May 2011."),
    ("postcode", "CF10 3NQ"),
    ("postcode", "moved to SA1 1ZZ in June"),
    ("postcode", "cyfeiriad: LL57 2DG"),
    ("postcode", "cf10 3nq"),
    ("postcode", "NP201AB"),
    ("postcode", "W1A 1AA"),
    ("email", "write to someone@example.org"),
    ("email", "rhys.jones+plant@llyw.example.cymru"),
    ("phone", "Call 07700 900123"),
    ("phone", "ffoniwch 029 2018 0123"),
    ("phone", "+44 7700 900123"),
    ("phone", "(01632) 960123"),
    ("phone", "07700900123"),
    ("national_insurance_number", "QQ is not one, AB123456C is"),
    ("national_insurance_number", "NI: AB 12 34 56 C"),
    ("national_insurance_number", "ab123456c"),
]
NAMES = [
    "Rhys Jones has moved to a new home.",
    "The placement of Megan Davies broke down.",
    "Cafodd Lowri Evans gymorth gan y prosiect.",
    "Symudodd Rhys i lety newydd ym mis Mai.",
    "Mae Megan wedi setlo’n dda.",
    "Megan has settled well with her carers.",
    "We worked with Mr Williams and his family.",
    "Mrs. A. Thomas told us that it helped.",
    "Dr Patel carried out the assessment.",
    "Cyfarfu Ms Ffransis â’r teulu.",
    "a child called Kacey, who",
    "a girl named Zofia was helped",
    "plentyn o’r enw Caio",
    "bachgen o'r enw Deri",
    "merch ifanc a mab o’r enw Taliesin",
    "Rhys ap Gwilym sits on the board.",
    "Case study: Dafydd Llwyd, now in college.",
    "Jones, Rhys",
    "RHYS JONES",
    "Grace Williams moved in April.",
    "May Evans was helped by the project.",
    "Dylan, 9, has returned home.",
    "Ffion (14) told us what matters.",
    "Roedd Ifan yn 12 oed.",
    "Anne-Marie Roberts runs the group.",
    "Her name is Kacey.",
    "Ei henw hi yw Kacey.",
    "Young Thomas Price started school.",
    "The social worker, Siân Hughes, left.",
    "Rhys Jones’s placement ended.",
    "Helped by Sarah J. Bowen.",
    "Lewis has a new placement.",
    "Gofynnodd Carys Mair Pugh am gymorth.",
]
NAMES += [
    "Mrs Thomas’s house",
    "Support for Ellie’s family continued.",
    "Cefnogwyd teulu Ellie.",
    "Daeth Llio a Guto i’r grŵp.",
    "Lead officer: J. Evans",
    "Roedd Mr a Mrs Jones yn hapus.",
]
NEGATIVE = [
    "Marie Curie nurses",
    "Lewis & Clark, Morgan Stanley",
    "Charlotte’s Web theatre trip",
    "Child A and Child B; Ms. B was supported",
    "Section B. Jones Street",
    "Mother named as carer; child named in the order; plant o’r enw da",
    "Rose Cottage, Heather Lane, Dean Close, Ellis Ltd, Ashley House Trust",
    "St David’s Day Fund",
    "The Dylan Thomas Centre was hired for the day.",
    "Canolfan Dylan Thomas",
    "Cronfa Dydd Gŵyl Dewi",
    "Spend rose in April and May.",
    "Gwariwyd llai ym mis Mai na mis Mawrth.",
    "Q1 2019 to Q2 2020",
    "Project CF10",
    "Grace period of three months",
    "Hope House and Faith in Families",
    "Aneurin Bevan University Health Board",
    "Bwrdd Iechyd Prifysgol Betsi Cadwaladr",
    "Hywel Dda Health Board",
    "Ysgol Dewi Sant, Llanelli",
    "Owain Glyndŵr Square",
    "The Grant was spent. Will this go on?",
    "Children born between 1 April 2018 and 31 March 2019",
    "born after 1 April 2018",
    "babies born in 2018",
    "plant a anwyd rhwng 1 Ebrill 2018 a 31 Mawrth 2019",
    "The project started on 1 April 2019.",
    "£9434765919",
    "9434765919.50",
    "£ 9434765919 over ten years",
    "1 234 567 890",
    "PO-9434765919",
    "INV/9434765919",
    "19434765919",
    "9434765918",
    "0000000000",
    "1111111111",
    "2018 2019 20",
    "0800 1111",
    "0300 123 4567",
    "0808 802 3456",
    "1200.50",
    "01/04/2019 to 30/06/2019",
    "2019-04-01 to 2019-06-30",
    "Year 1 1st quarter, L3 4th floor",
    "ICF-2019-20-W1",
    "12% of 3,450 children",
    "Mark the box where it applies. Mark Scheme A.",
    "Rose by 5%. Summer Holidays scheme. Autumn Term.",
    "Robin Hood Road",
    "Ruby Wax Street Theatre",
    "Morgan Academy and Lewis School Pengam",
    "David Street, Cardiff",
    "Ysbyty Gwynedd, Bangor",
    "Prosiect Rhiannon",
    "Storm Dennis was costly; Storm Dylan was not.",
    "John Lewis vouchers",
    "Thomas Coram Foundation for Children",
    "a charity called Barnardo’s",
    "group work called Bright Sparks",
    "prosiect o’r enw Camau Bach",
    "Local authority foster carers, Welsh Government and Children in Wales",
    "Merthyr Tydfil, Blaenau Gwent, Vale of Glamorgan",
    "Integrated Care Fund, Families First, Flying Start, Supporting People",
    "Cronfa Gofal Integredig, Teuluoedd yn Gyntaf, Dechrau’n Deg",
    "Looked After Children (LAC) Education Co-ordinator",
    "The Miss rate fell; Dr. means debit.",
    "Carol concert and Holly Bush Lane",
    "Victoria Park play scheme",
    "Llandrindod, Aberystwyth, Bryn y Môr",
    "Nid oes dim i’w adrodd.",
    "Nothing to report – unable to commit.",
    "Penny for your thoughts; Art therapy; Drew on reserves; Frank discussions.",
    "Amber rating, Green rating, Red rating",
    "Reflect, Edge of Care, Baby and Me",
    "Mockingbird constellation in Swansea",
    "Alexandra Dock Road",
    "@gofal on social media",
    "=1+1",
    "AB123456",
    "Version 10.2.3.4 of the form",
]


def kinds(text: str, narrative: bool = True) -> set[str]:
    return {f.kind for f in find_personal_data([(0, text, narrative)])}


@pytest.mark.parametrize(("kind", "text"), POSITIVE, ids=lambda v: v[:40])
def test_personal_data_is_found(kind, text):
    assert kind in kinds(text)
    assert kind in kinds(text, narrative=False)


@pytest.mark.parametrize("text", NAMES, ids=lambda v: v[:40])
def test_names_are_found_in_narrative_and_only_there(text):
    assert kinds(text) == {"name"}
    assert kinds(text, narrative=False) == set()


@pytest.mark.parametrize("text", NEGATIVE, ids=lambda v: v[:40])
def test_what_is_no_personal_data_is_left_alone(text):
    assert kinds(text) == set()


def test_a_finding_says_what_and_where_and_never_repeats_it():
    cells = [("B2", "nothing", True), ("B3", "DOB 12/03/2009, CF10 3NQ, CF10 3NR", True), ("B4", "Rhys Jones", True)]
    found = find_personal_data(cells)
    assert found == [Finding("date_of_birth", "B3"), Finding("postcode", "B3"), Finding("name", "B4")]
    assert "2009" not in repr(found)


def test_every_number_with_a_right_checksum_is_found_and_no_other():
    chance = random.Random(1)
    for _ in range(300):
        first = [chance.randint(1, 9)] + [chance.randint(0, 9) for _ in range(8)]
        check = 11 - sum(d * w for d, w in zip(first, range(10, 1, -1), strict=True)) % 11
        if check == 10 or len(set(first)) == 1:
            continue
        digits = "".join(map(str, first))
        right, wrong = f"{digits}{check % 11}", f"{digits}{(check % 11 + 1) % 10}"
        assert "nhs_number" in kinds(f"no. {right[:3]} {right[3:6]} {right[6:]}")
        assert "nhs_number" not in kinds(f"no. {wrong}")


def test_a_hundred_thousand_short_texts_take_no_time_to_speak_of():
    texts = [(n, f"Project {n} supported {n % 40} families in Gwent", True) for n in range(10_000)]
    started = time.process_time()
    assert find_personal_data(texts) == []
    assert time.process_time() - started < 1.0
