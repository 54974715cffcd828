"""Which files are texts, decided by what they hold, and HTML without its markup."""

import codecs
import html.parser
import re
from pathlib import Path

from pipelines.formats._picture_files import Noun, is_picture

LOOK = 4096  # bytes in which a text is told from other files
# Files that usually lie beside texts, and that are data of other formats.
OTHERS = frozenset(
    (
        *(".csv", ".tsv", ".json", ".jsonl", ".ndjson", ".geojson", ".xml", ".yaml", ".yml"),
        *(".ini", ".cfg", ".toml", ".ipynb", ".py", ".sh", ".conll", ".conllu", ".ann", ".feat"),
    )
)
# They tell of the data, and are no part of it.
ABOUT = re.compile(r"(?:readme|licen[cs]e|copying)(?:\.[a-z]{2,5})?", re.IGNORECASE)
# Half downloads and copies of editors, as among pictures.
LEFTOVERS = re.compile(r".*(?:~|\.part|\.crdownload|\.download|\.tmp|\.bak|\.orig)", re.IGNORECASE)
BEGINNINGS = (b"%PDF", b"{\\rtf", b"%!PS", b"SQLite format")  # of what is no text, and may look so
UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
HTML = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html)\b", re.I | re.S
)
HTML_SUFFIXES = (".html", ".htm", ".xhtml")
# Tags without text. Of a head, whose ends may be left out, no other tag holds any.
HIDDEN = frozenset(("script", "style", "template", "title", "noscript"))
BLOCKS = frozenset(  # tags that end a line
    (
        *("p", "div", "br", "hr", "li", "ul", "ol", "dl", "dt", "dd", "table", "tr", "pre"),
        *("h1", "h2", "h3", "h4", "h5", "h6", "section", "article", "blockquote", "form"),
    )
)


def may_be_text(file: Path) -> bool:
    """Whether a file that is passed over may be a text in a form that is not read, such as PDF."""
    return file.suffix.lower() not in OTHERS and not ABOUT.fullmatch(file.name)


TEXT = Noun("text", may_be_text, "If they are texts, save them as plain text in UTF-8.")


def is_text(file: Path) -> bool:
    """Whether a file is a text: one called .txt, or one of another suffix, or none, that holds
    text.

    Tables, annotations, pictures and code are none, nor is what tells of the data, such as a
    README.
    """
    suffix = file.suffix.lower()
    if ABOUT.fullmatch(file.name) or LEFTOVERS.fullmatch(file.name):
        return False
    return suffix == ".txt" or (suffix not in OTHERS and _holds_text(file))


def only_suffix(folder: Path) -> str:
    """The one suffix of all files below a folder, if files of that suffix are never texts, or ""."""
    files = filter(Path.is_file, folder.rglob("*"))
    suffixes = {file.suffix.lower() for file in files if not ABOUT.fullmatch(file.name)}
    return next(iter(suffixes)) if len(suffixes) == 1 and suffixes <= OTHERS else ""


def _holds_text(file: Path) -> bool:
    if is_picture(file):
        return False
    try:
        if not file.is_file():
            return False
        with file.open("rb") as opened:
            begin = opened.read(LOOK)
    except OSError:
        return False
    if begin.startswith(UTF_16):
        return True  # which is refused by its name later on
    return bool(begin.strip()) and not begin.startswith(BEGINNINGS) and not CONTROL.search(begin)


def is_html(name: str, text: str) -> bool:
    """Whether a text is HTML: its file is called so, or it begins as a page does."""
    is_plain = name.lower().endswith(".txt")
    return not is_plain and (name.lower().endswith(HTML_SUFFIXES) or bool(HTML.match(text)))


def without_markup(text: str) -> str:
    """What a page of HTML says: its text without tags, scripts, styles and head, a block a line."""
    parser = _Words()
    parser.feed(text)
    parser.close()
    lines = (" ".join(line.split()) for line in "".join(parser.found).split("\n"))
    return "\n".join(filter(None, lines))


class _Words(html.parser.HTMLParser):
    """Gathers the text of a page; what stands within HIDDEN tags is none."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[str] = []
        self._hidden = ""  # the tag whose end is waited for

    def handle_starttag(self, tag: str, attrs: list) -> None:
        if tag in HIDDEN:
            self._hidden = self._hidden or tag
        elif tag in BLOCKS:
            self.found.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == self._hidden:
            self._hidden = ""
        elif tag in BLOCKS:
            self.found.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.found.append(data)
