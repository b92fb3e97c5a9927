"""Reports of several pages: chapters of prose with small tables between them."""

from __future__ import annotations

from dataclasses import dataclass, field

from tools.make_samples.content.trade import Row


@dataclass(frozen=True)
class Chapter:
    """A heading, prose, and an optional table whose first row is its head."""

    heading: str
    body: str
    table: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Report:
    """A titled sequence of chapters; `running` is printed at the top of every page."""

    title: str
    subtitle: str
    running: str
    chapters: tuple[Chapter, ...] = field(default=())


BRIDGE = Report(
    title="Condition of the Ashgrove Footbridge",
    subtitle="Inspection report, 8 to 11 April 2023, by Osei & Lindqvist Engineers",
    running="Ashgrove Footbridge  |  Report 23-117",
    chapters=(
        Chapter(
            "1 Summary",
            """
            The footbridge over the River Teal was built in 1956. It carries about 1,400 people a day
            between the station and the school. We inspected it over four days, by boat, by rope and
            from the deck.

            The bridge is safe to use today. Three faults need work within twelve months, and one of
            them, the bearing at the north end, should be dealt with before winter. We estimate the
            cost of all repairs at £61,300 without tax.
            """,
        ),
        Chapter(
            "2 What we did",
            """
            Every weld on the two main beams was looked at from an arm's length. Paint thickness was
            measured at 212 points. Eight cores of 50 mm were drilled from the concrete piers and
            crushed in the laboratory of Dr Nuñez.

            The deck was loaded with water tanks up to 5.0 kN per square metre while lasers followed
            its movement. The greatest sag at mid-span was 14.2 mm, against 15.8 mm predicted. The
            bridge returned to its first level within 0.3 mm when the tanks were drained.
            """,
        ),
        Chapter(
            "3 Findings",
            """
            Steel. The beams are sound. Rust has taken at most 0.6 mm from the lower flange, near the
            drain pipes, which have been blocked for some years.

            Concrete. The cores were stronger than the drawings ask for. Salt has reached the outer
            bars of the south pier only.

            Bearings. The north bearing is seized. In hot weather the beam pushes against the
            abutment, and a crack 1.1 m long has opened there.
            """,
            (
                ("Part", "Grade", "Finding", "Act within"),
                ("Main beams", "B", "light rust", "5 years"),
                ("North bearing", "D", "seized", "6 months"),
                ("South bearing", "B", "dry", "2 years"),
                ("South pier", "C", "salt at bars", "12 months"),
                ("Drains", "D", "blocked", "at once"),
                ("Handrail", "A", "none", "10 years"),
            ),
        ),
        Chapter(
            "4 What should be done",
            """
            Clear the drains now. A crew of two can do it in a day, and everything else depends on
            it.

            Lift the north end by 12 mm with four jacks and replace the bearing. The bridge would be
            closed for three nights. Fill the crack with resin afterwards, not before, because it
            will close by itself to some extent.

            Wash the south pier, treat the outer bars and coat the splash zone. This work needs low
            water and should be booked for August.
            """,
            (
                ("Work", "Cost", "Closed for"),
                ("Drains", "£1,900", "0 nights"),
                ("North bearing", "£33,400", "3 nights"),
                ("South pier", "£21,750", "0 nights"),
                ("Paint repairs", "£4,250", "1 night"),
                ("Total", "£61,300", "4 nights"),
            ),
        ),
        Chapter(
            "5 Open questions",
            """
            We could not see the foundations. Divers went down to 2.7 m and found the north footing
            covered by gravel. A sounding after the next flood would show whether the river bed is
            moving.

            The drawings name a second drain on the east side. We did not find it. It may lie under
            the surfacing that was added in 1988, or it may never have been built.

            The school plans to grow by 300 pupils. That would not trouble the beams, but the stair at
            the south end is only 1.8 m wide, and it is already full at 8:40 on any school morning.
            """,
        ),
    ),
)

SURVEY = Report(
    title="Bird Count on the Saltmarsh, Winter 1993",
    subtitle="Compiled for the Nature Trust by Eilidh MacAskill and Hervé Lemoine",
    running="Saltmarsh bird count 1993",
    chapters=(
        Chapter(
            "How we counted",
            """
            Nine counters walked the sea bank on the second Sunday of each month from October to
            March. Each walk began two hours before high water, when the birds are pushed towards the
            bank and stand close together.

            The marsh was divided into six parts, named A to F, with part F lying beyond the sluice.
            Every flock was counted twice by different people. Where the counts differed by more than
            5%, both counted again, and the lower figure was kept.

            Fog stopped the count of 12 December after ninety minutes. It was repeated on the 19th in
            bright frost, at minus four degrees, with numb fingers and excellent light.
            """,
        ),
        Chapter(
            "What we saw",
            """
            We recorded 58 species, three more than in the winter before. The greatest number on any
            day was 31,260 birds, on 9 January. Knot made up nearly half of that number and wheeled
            over part C for most of an hour.

            Brent geese came late, on 21 October, and left early. Farmers reported them inland on
            winter wheat, where about 800 stayed until the end of February.

            A spoonbill spent the whole winter near the sluice. It was ringed in the Netherlands in
            June 1990, and its ring was read through a telescope by Miss Agnès Petit, aged ten.
            """,
            (
                ("Species", "Oct", "Dec", "Jan", "Mar"),
                ("Knot", "6,400", "12,150", "14,900", "3,080"),
                ("Dunlin", "4,210", "7,730", "8,005", "5,660"),
                ("Curlew", "915", "1,040", "870", "1,225"),
                ("Redshank", "1,330", "1,185", "960", "1,410"),
                ("Brent goose", "210", "1,950", "1,720", "95"),
                ("Pintail", "88", "460", "515", "130"),
            ),
        ),
        Chapter(
            "What has changed",
            """
            Redshank have fallen for the fifth winter running. The fall is steepest in parts A and B,
            where the marsh edge has been washed back by eleven metres since 1985. We think that the
            two facts belong together, but we cannot prove it.

            Curlew are steady. Pintail have recovered to the level of 1979, probably because shooting
            on the neighbouring estate ended two years ago.

            The new path has not driven birds away, as some of us had feared. Walkers keep below the
            bank, and the birds have learnt that heads without bodies do no harm.
            """,
        ),
        Chapter(
            "Thanks",
            """
            We thank the harbour master for the tide tables, Mrs Jessop for soup, and everyone who
            lent a telescope. The Trust paid £46.20 for batteries and stamps. Nobody was paid for
            anything else.

            The next count begins on 10 October. Newcomers are welcome, and need only warm boots and
            the patience to count the same birds twice.
            """,
        ),
    ),
)

MINUTES = Report(
    title="Minutes of the Allotment Society",
    subtitle="General meeting of 23 February 2009, held in the Methodist Hall",
    running="Allotment Society, minutes",
    chapters=(
        Chapter(
            "1. Present",
            """
            In the chair Mr Raymond Tse. Present were 34 members and two guests. Apologies came from
            Mrs D'Souza, Mr Björk and the Reverend Peel. The meeting opened at 7.35 p.m.
            """,
        ),
        Chapter(
            "2. Accounts",
            """
            The treasurer, Ms Valérie Simon, reported income of £2,846.00 and outgoings of £2,391.55.
            The balance at 31 December stood at £1,077.12. Rents for five plots are still owing. The
            accounts were approved with one vote against.
            """,
            (
                ("Item", "2007", "2008"),
                ("Plot rents", "£2,310.00", "£2,464.00"),
                ("Seed sale", "£291.40", "£382.00"),
                ("Water", "£874.15", "£962.35"),
                ("Hedge and paths", "£650.00", "£715.00"),
                ("Insurance", "£688.00", "£714.20"),
            ),
        ),
        Chapter(
            "3. Water",
            """
            The tank by the east gate leaks about 90 litres a day. Mr Kowalczyk offered to weld it if
            the society buys the plate. Agreed, up to a limit of £120.

            Mrs Ferris asked for a ban on hoses before 7 p.m. in July and August. After some warmth on
            both sides the meeting voted for a trial of one year, 21 votes to 9, with 4 abstentions.
            """,
        ),
        Chapter(
            "4. Plots 12 and 13",
            """
            Both plots have been empty since 2006 and are shoulder high in bramble. It was agreed to
            give them to the primary school free of rent for three years. Volunteers will clear them
            on Saturday 14 March from ten o'clock. Bring gloves. Lunch is provided.
            """,
        ),
        Chapter(
            "5. Summer show",
            """
            The show will be on 22 August. Classes are as last year, with the addition of a prize for
            the worst vegetable, given by Dr Okonkwo. Entries cost 20p each. The longest bean must be
            straight when measured, and the judge's ruler is final.
            """,
        ),
        Chapter(
            "6. Any other business",
            """
            Someone has been feeding the fox. The chairman asked that someone to stop. The meeting
            closed at 9.10 p.m., and the next one will be held on 18 May.
            """,
        ),
    ),
)
