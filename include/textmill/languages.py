"""Languages: what Tesseract calls them, and the letters without which they cannot be written.

The letters decide which engine can read a language: a recognition model can only write what is in its own
list of characters. They also tell in which scripts a language is written. They follow the main exemplar sets
of the Unicode Common Locale Data Repository (CLDR), in lower case and without a to z; for scripts with
thousands of characters they are a sample of the most common.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass


@dataclass(frozen=True)
class Language:
    """A language that can be asked for.

    Attributes:
        code: ISO 639-1, with a script where a language is written in two.
        pack: the name of Tesseract's language pack.
        letters: what it needs besides a to z, in lower case.
    """

    code: str
    name: str
    pack: str
    letters: str = ""

    @property
    def package(self) -> str:
        """Debian's package with the language pack."""
        return package_of(self.pack)

    def missing_from(self, characters: frozenset[str]) -> str:
        """Return the letters that a model with these characters cannot write."""
        return "".join(letter for letter in self.letters if letter not in characters)


_CYRILLIC = "абвгдежзиклмнопрстуфхцчш"
_ARABIC = "ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىي"
_DEVANAGARI = "अआइईउऊएऐओऔकखगघचछजझटठडढणतथदधनपफबभमयरलवशषसह"
_VIETNAMESE = "àáâãèéêìíòóôõùúýăđĩũơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ"
_KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"

_LANGUAGES = (
    Language("af", "Afrikaans", "afr", "áâèéêëîïôöûü"),
    Language("am", "Amharic", "amh", "ሀለሐመሠረሰሸቀበተኀነአከወዐዘየደገጠጸፀፈፐ"),
    Language("ar", "Arabic", "ara", _ARABIC),
    Language("az", "Azerbaijani", "aze", "çəğıöşü"),
    Language("be", "Belarusian", "bel", "абвгдежзйклмнопрстуфхцчшыьэюяёіў"),
    Language("bg", "Bulgarian", "bul", _CYRILLIC + "йщъьюя"),
    Language("bn", "Bengali", "ben", "অআইঈউঊএঐওঔকখগঘচছজঝটঠডঢণতথদধনপফবভমযরলশষসহ"),
    Language("bs", "Bosnian", "bos", "čćđšž"),
    Language("ca", "Catalan", "cat", "àçèéíïòóúü"),
    Language("cs", "Czech", "ces", "áéíóúýčďěňřšťůž"),
    Language("cy", "Welsh", "cym", "âêîôûŵŷ"),
    Language("da", "Danish", "dan", "åæø"),
    Language("de", "German", "deu", "ßäöü"),
    Language("el", "Greek", "ell", "αάβγδεέζηήθιίκλμνξοόπρσςτυύφχψωώ"),
    Language("en", "English", "eng"),
    Language("eo", "Esperanto", "epo", "ĉĝĥĵŝŭ"),
    Language("es", "Spanish", "spa", "áéíñóúü"),
    Language("et", "Estonian", "est", "äõöüšž"),
    Language("eu", "Basque", "eus", "ñ"),
    Language("fa", "Persian", "fas", "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"),
    Language("fi", "Finnish", "fin", "äö"),
    Language("fr", "French", "fra", "àâçèéêëîïôùûüÿœ"),
    Language("ga", "Irish", "gle", "áéíóú"),
    Language("gl", "Galician", "glg", "áéíñóúü"),
    Language("gu", "Gujarati", "guj", "અઆઇઈઉઊએઐઓઔકખગઘચછજઝટઠડઢણતથદધનપફબભમયરલવશષસહ"),
    Language("he", "Hebrew", "heb", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    Language("hi", "Hindi", "hin", _DEVANAGARI),
    Language("hr", "Croatian", "hrv", "čćđšž"),
    Language("hu", "Hungarian", "hun", "áéíóöúüőű"),
    Language("hy", "Armenian", "hye", "աբգդեզէըթժիլխծկհձղճմյնշոչպջռսվտրցւփքօֆ"),
    Language("id", "Indonesian", "ind"),
    Language("is", "Icelandic", "isl", "áæéíðóöúýþ"),
    Language("it", "Italian", "ita", "àèéìòù"),
    Language("ja", "Japanese", "jpn", _KANA + "アイウエオカキクケコ日本人一年大国会"),
    Language("ka", "Georgian", "kat", "აბგდევზთიკლმნოპჟრსტუფქღყშჩცძწჭხჯჰ"),
    Language("kk", "Kazakh", "kaz", _CYRILLIC + "йщъыьэюяёіғқңүұһәө"),
    Language("km", "Khmer", "khm", "កខគឃងចឆជឈញដឋឌឍណតថទធនបផពភមយរលវសហឡអ"),
    Language("kn", "Kannada", "kan", "ಅಆಇಈಉಊಎಏಐಒಓಔಕಖಗಘಚಛಜಝಟಠಡಢಣತಥದಧನಪಫಬಭಮಯರಲವಶಷಸಹ"),
    Language("ko", "Korean", "kor", "가나다라마바사아자차카타파하한국어이는을를에의고로"),
    Language("ky", "Kyrgyz", "kir", _CYRILLIC + "йъыьэюяёңүө"),
    Language("la", "Latin", "lat"),
    Language("lo", "Lao", "lao", "ກຂຄງຈສຊຍດຕຖທນບປຜຝພຟມຢຣລວຫອຮ"),
    Language("lt", "Lithuanian", "lit", "ąčėęįšūųž"),
    Language("lv", "Latvian", "lav", "āčēģīķļņšūž"),
    Language("mk", "Macedonian", "mkd", _CYRILLIC + "ѓѕјљњќџ"),
    Language("ml", "Malayalam", "mal", "അആഇഈഉഊഎഏഐഒഓഔകഖഗഘചഛജഝടഠഡഢണതഥദധനപഫബഭമയരലവശഷസഹ"),
    Language("mn", "Mongolian", "mon", _CYRILLIC + "йъыьэюяёүө"),
    Language("mr", "Marathi", "mar", _DEVANAGARI + "ळ"),
    Language("ms", "Malay", "msa"),
    Language("mt", "Maltese", "mlt", "àèìòùċġħż"),
    Language("my", "Burmese", "mya", "ကခဂဃငစဆဇဈညဋဌဍဎဏတထဒဓနပဖဗဘမယရလဝသဟဠအ"),
    Language("nb", "Norwegian", "nor", "åæø"),
    Language("ne", "Nepali", "nep", _DEVANAGARI),
    Language("nl", "Dutch", "nld", "áéëíïóöúü"),
    Language("no", "Norwegian", "nor", "åæø"),
    Language("pa", "Punjabi", "pan", "ਅਆਇਈਉਊਏਐਓਔਕਖਗਘਚਛਜਝਟਠਡਢਣਤਥਦਧਨਪਫਬਭਮਯਰਲਵਸਹ"),
    Language("pl", "Polish", "pol", "óąćęłńśźż"),
    Language("ps", "Pashto", "pus", "آابتټثجځچڅحخدډذرړزژږسشښصضطظعغفقکګلمنڼهوي"),
    Language("pt", "Portuguese", "por", "àáâãçéêíòóôõú"),
    Language("ro", "Romanian", "ron", "âîășț"),
    Language("ru", "Russian", "rus", _CYRILLIC + "йщъыьэюяё"),
    Language("sa", "Sanskrit", "san", _DEVANAGARI),
    Language("si", "Sinhala", "sin", "අආඇඉඊඋඌඑඒඔඕකඛගඝචඡජඣටඨඩඪණතථදධනපඵබභමයරලවශෂසහළ"),
    Language("sk", "Slovak", "slk", "áäéíóôúýčďĺľňŕšťž"),
    Language("sl", "Slovenian", "slv", "čšž"),
    Language("sq", "Albanian", "sqi", "çë"),
    Language("sr", "Serbian", "srp", _CYRILLIC + "ђјљњћџ"),
    Language("sr-Latn", "Serbian in Latin letters", "srp_latn", "čćđšž"),
    Language("sv", "Swedish", "swe", "åäéö"),
    Language("sw", "Swahili", "swa"),
    Language("ta", "Tamil", "tam", "அஆஇஈஉஊஎஏஐஒஓஔகஙசஞடணதநனபமயரறலளழவ"),
    Language("te", "Telugu", "tel", "అఆఇఈఉఊఎఏఐఒఓఔకఖగఘచఛజఝటఠడఢణతథదధనపఫబభమయరలవశషసహ"),
    Language("tg", "Tajik", "tgk", _CYRILLIC + "йъэюяёғқҳҷӣӯ"),
    Language("th", "Thai", "tha", "กขคฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรลวศษสหฬอฮ"),
    Language("tl", "Filipino", "fil", "ñ"),
    Language("tr", "Turkish", "tur", "çöüğış"),
    Language("uk", "Ukrainian", "ukr", _CYRILLIC + "йщьюяєіїґ"),
    Language("ur", "Urdu", "urd", "آابپتٹثجچحخدڈذرڑزژسشصضطظعغفقکگلمنوہی"),
    Language("uz", "Uzbek", "uzb"),
    Language("vi", "Vietnamese", "vie", _VIETNAMESE),
    Language("yi", "Yiddish", "yid", "אבגדהוזחטיךכלםמןנסעףפץצקרשת"),
    Language("zh", "Chinese", "chi_sim", "的一是不了人我在有他这中大来上国个到说们"),
    Language("zh-Hant", "Traditional Chinese", "chi_tra", "的一是不了人我在有他這中大來上國個到說們"),
)

_OTHER_NAMES = {
    "zh-Hans": "zh",
    "zh-CN": "zh",
    "zh-TW": "zh-Hant",
    "zh-HK": "zh-Hant",
    "nn": "no",
    "fil": "tl",
}

_CHINESE_TOO = frozenset({"CJK"})
"""Korean has Chinese characters in names and laws."""

_BY_CODE = {
    **{language.pack.lower(): language for language in _LANGUAGES},
    **{language.code.lower(): language for language in _LANGUAGES},
}
_BY_CODE |= {other.lower(): _BY_CODE[code.lower()] for other, code in _OTHER_NAMES.items()}


def language_of(code: str) -> Language | None:
    """Return the language with this code, or with this name of a language pack; None if it is not known."""
    return _BY_CODE.get(code.lower().replace("_", "-")) or _BY_CODE.get(code.lower())


def pack_of(code: str) -> str:
    """Return the name of Tesseract's language pack; a code that is not known is taken for one itself."""
    language = language_of(code)
    return language.pack if language else code


def scripts_of(code: str) -> frozenset[str] | None:
    """Return the scripts of a language, as in `LATIN SMALL LETTER A`; None if the language is not known."""
    language = language_of(code)
    if language is None:
        return None
    found = frozenset(unicodedata.name(letter).partition(" ")[0] for letter in language.letters)
    return (found or frozenset({"LATIN"})) | (_CHINESE_TOO if language.code == "ko" else frozenset())


def package_of(pack: str) -> str:
    """Return the name of Debian's package with a language pack."""
    return f"tesseract-ocr-{pack.replace('_', '-').lower()}"
