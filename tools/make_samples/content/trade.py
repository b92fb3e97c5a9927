"""Invoices, a receipt, a form and tables: words and numbers in rows."""

from __future__ import annotations

from dataclasses import dataclass

Row = tuple[str, ...]


@dataclass(frozen=True)
class Invoice:
    """An invoice; `rows` are quantity, description, unit price and amount."""

    seller: tuple[str, ...]
    title: str
    facts: tuple[str, ...]
    buyer: tuple[str, ...]
    rows: tuple[Row, ...]
    totals: tuple[tuple[str, str], ...]
    notes: str


BICYCLES = Invoice(
    seller=("Spoke & Saddle", "Bicycle workshop", "8 Canal Street, Oxford OX2 6BH"),
    title="INVOICE",
    facts=("Invoice number 2021-0467", "Date 18 June 2021", "Payment due 2 July 2021"),
    buyer=("Bill to", "Northgate Couriers", "Attn. Chloë Baptiste", "3 Weir Yard, Oxford OX1 1SX"),
    rows=(
        ("4", "Brake pads, front and rear, fitted", "£18.50", "£74.00"),
        ("2", "Chain, nine speed", "£21.95", "£43.90"),
        ("6", "Inner tube 700 x 35C", "£5.75", "£34.50"),
        ("1", "Wheel rebuilt, 36 spokes", "£62.00", "£62.00"),
        ("3", "Yearly service", "£45.00", "£135.00"),
        ("1", "Pannier rack, steel, black", "£38.25", "£38.25"),
    ),
    totals=(("Subtotal", "£387.65"), ("VAT 20%", "£77.53"), ("Total", "£465.18")),
    notes="""
        Please pay by bank transfer to sort code 20-45-17, account 7301 8842, and give the invoice
        number. Bicycles that are not collected within 30 days are charged at £2.00 a day.
    """,
)

HARDWARE = Invoice(
    seller=("GRÖNDAHL MARINE SUPPLY", "Skeppsbron 22, Göteborg"),
    title="INVOICE No. 88134",
    facts=("Order date: 04.09.1998", "Terms: 30 days net"),
    buyer=("Sold to:", "Boatyard of Fjällbacka", "Mr Lars Åkesson"),
    rows=(
        ("12", "Shackle, stainless, 8 mm", "14.20", "170.40"),
        ("40 m", "Rope, polyester, 12 mm", "9.75", "390.00"),
        ("2", "Bilge pump, 24 V", "685.00", "1,370.00"),
        ("5 l", "Varnish, satin", "118.00", "590.00"),
        ("1", "Anchor, 16 kg", "1,240.50", "1,240.50"),
    ),
    totals=(("Goods SEK", "3,760.90"), ("Freight SEK", "145.00"), ("Payable SEK", "3,905.90")),
    notes="""
        Goods remain our property until they are paid for in full. Claims must reach us within eight
        days of delivery.
    """,
)

STUDIO = Invoice(
    seller=("Studio Halvorsen Pty Ltd", "Suite 5, 71 Rundle Street, Adelaide SA 5000"),
    title="Tax invoice",
    facts=("Number SH-1093", "Issued 30 September 2024", "Project: Wayfinding for São Brás Hospital"),
    buyer=("Client", "São Brás Hospital Trust", "Accounts, Level 2", "19 Wattle Avenue, Unley SA 5061"),
    rows=(
        ("16 h", "Site visits and photographs", "$135.00", "$2,160.00"),
        ("28 h", "Sign family, first drawings", "$135.00", "$3,780.00"),
        ("11 h", "Pictograms, set of 24", "$150.00", "$1,650.00"),
        ("9 h", "Tests with patients and visitors", "$120.00", "$1,080.00"),
        ("3", "Full-size models, laser cut", "$412.50", "$1,237.50"),
        ("1", "Colour samples on aluminium", "$286.00", "$286.00"),
        ("14 h", "Corrections after the second review", "$135.00", "$1,890.00"),
        ("1", "Courier to Port Lincoln", "$64.30", "$64.30"),
    ),
    totals=(("Net", "$12,147.80"), ("GST 10%", "$1,214.78"), ("Amount due", "$13,362.58")),
    notes="""
        Due within 21 days of issue. BSB 065-118, account 1042 7731. Questions about this invoice go to
        Ngaire Tamahori on 08 5550 1437.
    """,
)

STUDIO_TERMS = """
    Drawings stay the property of the studio until this invoice has been paid. After that the
    client may use them without limit in the buildings named in the agreement of 4 March 2024.

    Hours are counted in quarters. Travel within 30 km of the studio is included; beyond that we
    charge $0.88 a kilometre, or the cost of the ticket, whichever is lower.

    Each stage includes two rounds of corrections. A third round is charged by the hour at the
    usual rate, but never without a written estimate that the client has accepted.

    If work is stopped for more than 60 days, hours up to that date fall due at once. The studio
    keeps all files for seven years and hands out copies at no cost.
"""

GROCER: tuple[tuple[str, str], ...] = (
    ("Oat milk 1 l", "1.85"),
    ("Brown rice 500 g", "2.10"),
    ("Lemons, net of 5", "1.49"),
    ("Goat cheese 180 g", "3.75"),
    ("Rye bread", "2.95"),
    ("Eggs, dozen", "3.60"),
    ("Jalapeño paste", "2.25"),
    ("Dark chocolate 85%", "1.99"),
    ("Paper bag", "0.15"),
)
GROCER_HEAD = ("GREENWAY GROCER", "41 Fore Street, Totnes", "Tel. 01803 555 029")
GROCER_FACTS = ("Till 3, receipt 0058216", "23/08/2020, 17:42, served by Noémie")
GROCER_TOTALS = (("TOTAL GBP", "20.13"), ("Card", "20.13"), ("Items", "9"))
GROCER_FOOT = ("Opening hours 8:00 to 19:30", "Goods can be exchanged within 14 days.", "Thank you!")


@dataclass(frozen=True)
class Table:
    """A titled table; the first row is its head."""

    title: str
    intro: str
    rows: tuple[Row, ...]
    note: str


FERRY = Table(
    title="Inner Isles Ferry: summer timetable",
    intro="Daily from 1 May to 30 September. Vehicles must be at the slip 25 minutes before sailing.",
    rows=(
        ("Port", "First", "Second", "Third", "Last"),
        ("Kilbrannan", "06:15", "09:40", "13:05", "17:30"),
        ("Carsaig Pier", "07:00", "10:25", "13:50", "18:15"),
        ("Rubha Mòr", "07:35", "11:00", "14:25", "18:50"),
        ("Balnahard", "08:10", "11:35", "15:00", "19:25"),
        ("Scalasaig", "08:45", "12:10", "15:35", "20:00"),
        ("Port Ellen", "09:55", "13:20", "16:45", "21:10"),
    ),
    note="Foot passengers £6.80, cars £31.40, bicycles free. The last boat does not sail on Sundays.",
)

RAINFALL = Table(
    title="Rainfall and temperature, Thornhill weather station, 2011",
    intro="Height above sea level 214 m. Rain in millimetres, temperature in degrees Celsius.",
    rows=(
        ("Month", "Rain", "Wet days", "Low", "Mean", "High"),
        ("January", "118.4", "19", "-6.2", "3.1", "11.0"),
        ("February", "96.7", "17", "-3.8", "4.4", "12.6"),
        ("March", "54.0", "11", "-4.1", "6.0", "17.9"),
        ("April", "31.2", "8", "0.3", "10.7", "23.5"),
        ("May", "72.9", "14", "1.9", "11.2", "22.8"),
        ("June", "80.5", "13", "4.6", "13.5", "27.1"),
        ("July", "66.3", "12", "6.8", "15.2", "26.4"),
        ("August", "103.8", "18", "7.0", "14.6", "24.9"),
        ("September", "121.6", "19", "4.9", "13.8", "25.3"),
        ("October", "134.1", "20", "0.8", "11.1", "24.7"),
        ("November", "87.5", "16", "-0.6", "8.3", "15.8"),
        ("December", "156.0", "23", "-2.4", "4.9", "12.2"),
        ("Year", "1,123.0", "190", "-6.2", "9.7", "27.1"),
    ),
    note="Readings at 9 a.m. by Mr D. Fairbairn. The gauge was replaced on 12 July.",
)

LIBRARY_TITLE = "Reading room: application for a reader's card"
LIBRARY_INTRO = "Please write in block letters and hand this form to the desk with proof of address."
LIBRARY_FIELDS: tuple[tuple[str, str], ...] = (
    ("1. Family name", "ETCHEVERRÍA"),
    ("2. Given names", "PALOMA JANE"),
    ("3. Date of birth", "11.04.1992"),
    ("4. Address", "58 FENWICK TERRACE, DURHAM"),
    ("5. Postcode", "DH1 4QT"),
    ("6. Telephone", "0191 555 0163"),
    ("7. Occupation", "TRANSLATOR"),
    ("8. Subject of study", "SHIPPING LAW, 1850 TO 1914"),
    ("9. Card number of any former card", "R 20 7716"),
)
LIBRARY_DECLARATION = """
    I promise to keep the rules of the reading room, not to mark or damage any book or paper, and not
    to bring food, drink or flame of any kind into the building.
"""
LIBRARY_SIGNED = (("Date", "26 July 2018"), ("Signature", "P. J. Etcheverría"))
