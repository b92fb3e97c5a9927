"""Newspaper pages and articles set in columns."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Article:
    """One article: its headline, who wrote it, and what it says."""

    headline: str
    byline: str
    body: str


@dataclass(frozen=True)
class FrontPage:
    """A newspaper page: title, the line below it, then the articles in reading order."""

    masthead: str
    dateline: str
    articles: tuple[Article, ...]


HARBOUR = FrontPage(
    masthead="The Eastmouth Courier",
    dateline="No. 4,218 – Saturday 12 August 1961 – Price fourpence",
    articles=(
        Article(
            "Harbour wall holds in gale",
            "By our shipping correspondent",
            """
            The new harbour wall has passed its first trial. Winds of 68 miles an hour drove the sea
            over the lighthouse steps on Thursday night, yet not a stone moved, and by breakfast the
            fishing fleet lay safe at its moorings.

            The wall cost the borough £312,000 and took four years to build. Its engineer, Mr Anton
            Dvořák, stayed at the pier head until three in the morning with a lantern and a flask of
            tea. "I was not worried," he said. "I was curious."

            Eleven beach huts were lost at the north end. The mayor will open a fund for their owners
            on Monday.
            """,
        ),
        Article(
            "Tram fares to rise",
            "",
            """
            From 1 September the fare from Market Square to the Pavilion goes up from 3d to 4d.
            Children and pensioners will still pay a penny. The company blames the price of copper
            wire, which has gone up by a third since Easter.

            Councillor Mrs Beatrice Lowe called the rise "a tax on wet weather" and will ask for a
            debate.
            """,
        ),
        Article(
            "Pianist, aged nine, wins cup",
            "",
            """
            Miss Françoise Delacroix of Harbour Street carried off the Whitcombe Cup on Wednesday
            evening. She played two studies from memory, bowed, and asked whether there would be
            cake. There was.

            Second came Peter Hollis, 14, and third Joan Abara, 12. The judges heard 37 players in
            five hours.
            """,
        ),
        Article(
            "Weather",
            "",
            """
            Bright spells after early mist. Wind south-west, moderate. Highest 66 degrees. High water
            at 6.14 a.m. and 6.41 p.m.
            """,
        ),
    ),
)

MARKET = FrontPage(
    masthead="Valley Gazette",
    dateline="Thursday 5 October 1978",
    articles=(
        Article(
            "Market hall saved by one vote",
            "Ingrid Solheim reports",
            """
            After a debate of nearly six hours the district council voted on Tuesday, by 19 to 18, to
            repair the covered market instead of pulling it down. The roof alone will cost £84,000,
            of which £50,000 is to come from the county.

            The deciding vote was cast by the chairman, Mr Idris Morgan, whose grandfather sold
            butter in the hall. He denied that this had swayed him. "He never liked the place," said
            Mr Morgan. "He said it was draughty."

            Work begins in March. Stalls will move to the cattle yard until the following November,
            and traders will pay half rent for that time.
            """,
        ),
        Article(
            "Bridge club at the double",
            "",
            """
            Members have doubled to 64 since the club moved into the old signal box. Beginners meet
            on Mondays at 7.30 p.m. under Mrs Köhler, who promises patience but not mercy.
            """,
        ),
        Article(
            "Lost and found",
            "",
            """
            Found near the weir: one brown glove, left hand, and a tin of buttons. Lost on the 4.15
            bus to Penmorfa: a violin, much loved. Reward £15. Ring 2207 after six.
            """,
        ),
    ),
)

GARDEN = Article(
    "A garden that drinks less",
    "Notes from the trial beds, by Saoirse Brennan",
    """
    Four dry summers in a row have taught us more than twenty wet ones did. In 2018 the trial beds
    had no rain for 53 days, and we decided to find out which plants could do without us.

    We laid out twelve beds of six square metres each. Half of them were covered with 8 cm of
    chipped bark, the other half were left bare. All were watered well on planting day, and then
    only when the soil at a hand's depth fell below 12% moisture.

    The covered beds needed water five times between May and September, the bare ones fourteen
    times. That is a saving of 1,900 litres, or about 160 full watering cans, for an outlay of £74
    on bark.

    Lavender, sage and the small irises did not mind at all. Sea holly flowered for three weeks
    longer than it had before. Phlox sulked, lost half of its leaves, and came back in October as if
    nothing had happened.

    What failed outright was anything from a damp wood. Ferns browned within a fortnight, and the
    astilbes had to be lifted and moved behind the cold store.

    If you mean to try this yourself, begin in autumn. Roots grow while the soil is warm and the
    sky does the watering. A plant set out in October has a winter's start on the same plant set out
    in April, and by its first July you will see the difference.

    Do not trust the surface. A crust that looks like dust can hide moist soil one finger down, and
    a bed that looks dark after a shower is often dry beneath. Push in a stick, pull it out, and
    look at what clings to it.
    """,
)

CLOCKS = Article(
    "The man who mends the hours",
    "A visit to the tower clocks of the upper valley",
    """
    Every Wednesday at a quarter to seven Matěj Horák climbs 142 steps with an oil can in his
    pocket. The clock at Saint Barbara's has gone since 1768, and for the last thirty-one years it
    has gone because of him.

    The works stand in a wooden cabin under the bells. There are four wheels the size of dinner
    plates, a drum of steel rope, and a pendulum that takes two seconds to make up its mind. Two
    stones of 90 kg hang in the shaft below, and raising them takes 11 minutes at the crank.

    "People think that a clock is exact," he says. "A clock is an opinion. My work is to keep the
    opinion reasonable." In frost the rod shortens and the clock gains 4 seconds a day. In August it
    loses nearly as many. He corrects it with old coins laid on the pendulum: one penny makes it
    faster by two fifths of a second.

    There were nine such clocks in the valley once. Five have been given electric motors, one was
    melted down in a war, and three are left. Horák looks after all of them, on a bicycle, for a fee
    that the parishes fixed in 1994 and have not thought about since.

    He has tried to find someone younger. A student came for a summer, measured everything with a
    laser, and wrote a very good paper. Then a baker's daughter, Klára, asked why the strike was
    late, and would not leave until she had seen why. She is sixteen. She has her own key now.

    At seven the hammer lifts, waits, and falls. The whole cabin hums. Horák compares it with his
    wristwatch, and shrugs. "Half a second," he says. "Let them have it."

    On the way down he counts the steps aloud, as he has done each week since the lamp failed in
    2002. The lamp was mended long ago. The counting stayed.

    Below, in the square, a woman sets her watch by the tower, and a bus driver sets his by hers.
    Nobody looks up. Horák takes this as a compliment: you only look at a clock that you doubt.
    """,
)
