"""Letters and memos: people writing to people."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Letter:
    """A letter from top to bottom, as it is read."""

    head: tuple[str, ...]
    date: str
    recipient: tuple[str, ...]
    subject: str
    salutation: str
    body: str
    closing: tuple[str, ...]


GUESTHOUSE = Letter(
    head=("Guesthouse Linde", "Am Marktplatz 4, 79219 Staufen", "Telephone 07633 55 18 20"),
    date="14 March 2019",
    recipient=("Ms Zoë Hargreaves", "27 Orchard Rise", "Shrewsbury SY3 7QN", "United Kingdom"),
    subject="Your stay from 2 to 9 June",
    salutation="Dear Ms Hargreaves,",
    body="""
        Thank you for your kind letter. I am happy to confirm the corner room on the second floor for
        seven nights, with breakfast, at €84.50 a night. The room looks over the courtyard and the old
        walnut tree, and it is the quietest one in the house.

        You asked about the walk to Münstertal. It takes about two and a half hours at an easy pace,
        and the path is marked with a yellow diamond all the way. The bus back leaves at 16:40 and
        again at 18:10. My brother Jürgen keeps walking maps at the desk, and guests may borrow them.

        A deposit of €120 by the end of April would be enough. Should your plans change, please let
        me know before 15 May, and I will return it in full.

        We shall light the stove if the evenings are cool. I look forward to welcoming you.
    """,
    closing=("With kind regards,", "Annegret Müller"),
)

ARCHIVE = Letter(
    head=("The Calder Valley Record Office", "Mill Lane, Hebden Bridge"),
    date="3 November 1987",
    recipient=("Mr Tomás Ferreira", "Rua do Salitre 61", "Lisbon"),
    subject="The Brandão papers",
    salutation="Dear Mr Ferreira,",
    body="""
        Your enquiry of 12 October has reached me by way of the university library. We do indeed hold
        a box of papers that belonged to the engineer Inês Brandão, who worked on our reservoirs
        between 1921 and 1934.

        The box holds forty-one letters, two field books in pencil, and a folded plan of the upper
        dam drawn at a scale of one inch to sixty feet. Some of the letters were damaged by water in
        the flood of 1946, but nearly all of them can be read. Five are in Portuguese.

        I can have the field books photographed for you. Our photographer charges £3.20 for each
        exposure, and I estimate that 70 exposures would cover both books. The letters are too
        fragile for this at present, though you would be welcome to read them here on any weekday
        between 10 a.m. and 4 p.m.

        Please tell me how you would like to proceed. The plan is on show in the entrance hall until
        Christmas, and I must say that it draws many admirers.
    """,
    closing=("Yours sincerely,", "Margaret Oldroyd", "County Archivist"),
)

LANDLORD = Letter(
    head=("Pennyfield Lettings Ltd", "112 Station Road, Norwich NR1 1EF"),
    date="21 January 2022",
    recipient=("Mr and Mrs Adeyemi", "Flat 9, 40 Riverside Court", "Norwich NR1 2TA"),
    subject="Boiler inspection, reference PL-20418",
    salutation="Dear Mr and Mrs Adeyemi,",
    body="""
        We write to let you know that the yearly inspection of the gas boiler in your flat is due. Our
        engineer, Mr Łukasz Nowak, will call on Tuesday 8 February between 9:30 and 11:00. The work
        takes about forty minutes, and the water will be off for ten of them.

        Somebody over eighteen should be at home. If that is not possible, please ring us on 01603
        555 017 before Friday 4 February so that we can find another time.

        While he is there Mr Nowak will also replace the seal on the kitchen window that you told us
        about in December, and he will test both smoke alarms. There is nothing to pay.
    """,
    closing=("Yours faithfully,", "Charlotte Pym", "Property Manager"),
)

ORCHARD = Letter(
    head=("Hazel Bank Farm", "near Ledbury, Herefordshire"),
    date="30 August 2003",
    recipient=("Dear Cousin Søren,",),
    subject="",
    salutation="",
    body="""
        The plums came early this year, three weeks before anyone expected them, and we have been
        picking from six in the morning until the light goes. Your aunt has filled every jar in the
        house and is now eyeing the flower vases.

        You asked how the new press is doing. It squeezed 340 litres on the first day, and then the
        handle came off in my hand. Old Mr Whitlock mended it with a bolt from his tractor, refused
        any money, and went home with two crates of Worcester apples.

        Rebecca starts school on Thursday. She has already told her teacher that she can spell
        "hedgehog" but not "Wednesday", which seems a fair summary of anybody's education.

        Come in October when the cider is ready. The train to Ledbury takes 3 hours 5 minutes from
        London, and one of us will meet you at the station with the van.
    """,
    closing=("Your affectionate cousin,", "Will"),
)

COUNCIL = Letter(
    head=("Brackley Town Council", "Parks and Footpaths"),
    date="6 May 2015",
    recipient=("Dr Amélie Rousseau", "The Old Forge, Church Lane"),
    subject="Footpath 17, closed gate at Tanner's Field",
    salutation="Dear Dr Rousseau,",
    body="""
        Thank you for reporting the locked gate on Footpath 17. Our warden visited on 28 April and
        found a padlock of the kind that you described. The footpath is a public right of way, and
        the owner had not asked for leave to close it.

        We have spoken to the owner, who is worried about dogs among her ewes during lambing. She has
        agreed to take off the padlock by 11 May. In return we shall put up two signs that ask
        walkers to keep dogs on a lead from 1 March to 31 May.

        The stile beside the gate has lost its lower step. A new one has been ordered at a cost of
        £46.75 and should be fitted within the month.
    """,
    closing=("Yours sincerely,", "Gareth Pugh", "Clerk to the Council"),
)


@dataclass(frozen=True)
class Memo:
    """An office memo: labelled heads, prose, numbered points."""

    title: str
    heads: tuple[tuple[str, str], ...]
    body: str
    points: tuple[str, ...]


FAX = Memo(
    title="TELEFAX",
    heads=(
        ("To:", "Night desk, Port of Aarhus"),
        ("From:", "Captain J. Østergaard, MV Kattegat Star"),
        ("Date:", "17 February 1996, 21:35"),
        ("Pages:", "1 of 1"),
        ("Re:", "Late arrival and berth for tomorrow"),
    ),
    body="""
        We lost six hours in fog off Skagen and now expect to take the pilot at 05:20 instead of
        23:00. Draught forward is 7.4 metres, aft 7.9 metres. Please keep berth 12 for us if the
        grain ship has left, otherwise berth 14.
    """,
    points=(
        "1. Fresh water: 60 tonnes, by lorry, not before 08:00.",
        "2. One crew member needs a dentist. His name is Rui Magalhães.",
        "3. The cargo list was sent to your office at 16:10; 212 pallets in all.",
        "4. Port engine is running on two cylinders fewer. We shall need a tug.",
    ),
)

STAFF = Memo(
    title="Memorandum",
    heads=(
        ("To:", "All staff, second and third floor"),
        ("From:", "Renée Castellanos, Facilities"),
        ("Date:", "Monday 9 October 2017"),
        ("Subject:", "Moving desks during the lift repair"),
    ),
    body="""
        The north lift will be taken out of service on 16 October and should run again on 3 November.
        The new motor weighs 1,150 kg and has to come in through the third floor window, so eleven
        desks on that side must move for the duration.

        Please pack your drawers into the grey crates by noon on Friday. Crates are limited to 15 kg.
        Label each one with your name and room. Plants travel at their owner's risk.
    """,
    points=(
        "• Rooms 301 to 306 move to the library.",
        "• Rooms 307 to 311 move to room 214 (ask Björn for the key).",
        "• The goods lift stays open to anyone who cannot use the stairs.",
        "• Deliveries go to the back door between 7:45 and 9:15.",
    ),
)
