"""Numbers and tables as Markdown, and the marked blocks of a page that they go into."""


def seconds(value):
    """Three digits and a unit."""
    for unit, scale in (("us", 1e-6), ("ms", 1e-3)):
        if value < 999.5 * scale:
            return f"{_three(value / scale)} {unit}"
    return f"{_three(value)} s"


def _three(value):
    return f"{value:.2f}" if value < 9.995 else f"{value:.1f}" if value < 99.95 else f"{value:.0f}"


def megabytes(value):
    return f"{value / 1e6:.0f} MB"


def table(header, rows):
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


def put(page, name, text):
    """Replaces what lies between the marks of the block `name` of a page, a path."""
    begin, end = f"<!-- {name}: made by make bench -->", f"<!-- {name}: end -->"
    whole = page.read_text(encoding="utf-8")
    if whole.count(begin) != 1 or whole.count(end) != 1:
        raise SystemExit(f"{page}: wants the marks '{begin}' and '{end}' once each")
    before, rest = whole.split(begin)
    page.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
