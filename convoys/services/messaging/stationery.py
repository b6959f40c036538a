"""What every alert mail in HTML is written on: its head, its sheet, and how its elements look.

Some mail programs drop the sheet. So what stands once in a mail carries its style in the element, and
what comes in rows, by the dozen, has the sheet's, and is plain and legible without: cells then keep
apart by their table's padding. Dark colours can stand only in the sheet.
"""

from __future__ import annotations

FONT = "system-ui,-apple-system,'Segoe UI',Roboto,'Noto Sans','Liberation Sans',Arial,sans-serif"
INK, QUIET, HELD, OK, LINK = "#14171b", "#444a52", "#b3211a", "#006a55", "#0b5a76"
PAPER, HAIR = "#fcfcfa", "1px solid #deded7"

HEAD = f"""<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<style>
:root {{ color-scheme: light dark; }}
body, table, td, p, h1, h2, h3, li {{ font-family: {FONT}; }}
strong {{ font-weight: 600; }}
.link {{ color: {LINK}; }}
.small, .key {{ color: {QUIET}; font-size: 13px; }}
.key, .value, .name, .span, .load {{ padding: 8px 12px 8px 0; border-bottom: {HAIR}; }}
.name {{ width: 92px; }}
.span {{ color: {HELD}; white-space: nowrap; }}
.load {{ color: {QUIET}; text-align: right; }}
.value, .load {{ padding-right: 0; }}
.said {{ padding: 10px 0 14px; border-top: 1px solid {INK}; }}
.mark {{ font-size: 13px; line-height: 18px; padding: 0 5px; border: 1px solid {INK}; border-radius: 3px; }}
a:focus-visible {{ outline: 3px solid {LINK}; outline-offset: 2px; }}
@media (prefers-color-scheme: dark) {{
.paper {{ background: #111416 !important; }}
.ink {{ color: #ecebe6 !important; }}
.quiet, .small, .key, .load {{ color: #bcc0c3 !important; }}
.span {{ color: #ff8b76 !important; }}
.ok {{ color: #5ecbab !important; }}
.link {{ color: #82c6df !important; }}
.hair, .key, .value, .name, .span, .load {{ border-color: #2c3236 !important; }}
.rule, .said, .mark {{ border-color: #ecebe6 !important; }}
.press {{ background: #82c6df !important; color: #0b1e26 !important; }}
.badge {{ background: #ff8b76 !important; color: #220905 !important; }}
a:focus-visible {{ outline-color: #82c6df; }}
}}
</style>
"""

_TABLE = '<table role="presentation" width="100%" cellspacing="0" border="0"'
BODY = f'<body class="paper" style="margin:0;padding:0;background:{PAPER};font-family:{FONT};">\n'
HIDDEN = '<div style="display:none;max-height:0;overflow:hidden;">'
OPEN = f"""{_TABLE} cellpadding="0" class="paper" style="background:{PAPER};">
<tr><td align="center" style="padding:20px 16px 32px;">
{_TABLE} cellpadding="0" style="max-width:560px;text-align:left;"><tr><td style="word-break:break-word;">
<main>
"""
CLOSE = "</main>\n</td></tr></table>\n</td></tr></table>\n</body>\n</html>\n"


def _look(classes: str, colour: str, size: int, line: int, more: str) -> str:
    return f'class="{classes}" style="color:{colour};font-size:{size}px;line-height:{line}px;{more}"'


def _rows(line: int, size: int = 15) -> str:
    """A table whose cells inherit its type."""
    return f'{_TABLE} cellpadding="4" {_look("ink", INK, size, line, "border-collapse:collapse;")}>\n'


SENDER = f"<p {_look('quiet hair', QUIET, 13, 18, f'margin:0;padding:0 0 12px;border-bottom:{HAIR};')}>"
_EXERCISE = f"font-weight:600;margin:16px 0 0;padding:8px 12px;border:2px dashed {INK};"
EXERCISE = f"<p {_look('ink rule', INK, 15, 22, _EXERCISE)}>"
SMALL = '<span class="small">'


def heading_of_group(above: int) -> str:
    """The opening tag, so many pixels below what stands above."""
    more = f"font-weight:600;margin:{above}px 0 0;padding:0 0 8px;border-bottom:2px solid {INK};"
    return f"<h1 {_look('ink rule', INK, 20, 26, more)}>"


ACCESS = f"<p {_look('ink', INK, 15, 22, 'margin:10px 0 0;')}>"
ON_ACCESS = f"<p {_look('quiet', QUIET, 13, 20, 'margin:4px 0 0;')}>"

_BADGE = "display:inline-block;font-weight:600;"
_FILLED = f"{_BADGE}background:{HELD};padding:2px 9px 3px;border-radius:3px;"
_BARE = f"{_BADGE}padding:2px 0 3px;"
# By the convoy's state, with its sign; other states have neither.
BADGES = {
    "held": f"<span {_look('badge', '#ffffff', 15, 20, _FILLED)}>&#8854;&#xFE0E; ",
    "delivered": f"<span {_look('ok', OK, 15, 20, _BARE)}>&#10003;&#xFE0E; ",
}
OTHER_BADGE = f"<span {_look('ink', INK, 15, 20, _BARE)}>"
HEADLINE = _look("ink", INK, 24, 30, "font-weight:600;letter-spacing:-0.01em;margin:10px 0 0;")
LEAD = f"<p {_look('quiet', QUIET, 15, 22, 'margin:6px 0 18px;')}>"
BRIEF = f"<p {_look('ink hair', INK, 15, 22, f'margin:16px 0 0;padding:12px 0 0;border-top:{HAIR};')}>"
CHANGES_TITLE = f"<h3 {_look('ink', INK, 15, 20, 'font-weight:600;margin:0 0 4px;')}>"
CHANGES = f"<ul {_look('ink', INK, 15, 22, 'margin:0 0 18px;padding:0 0 0 20px;')}>\n"
TITLE = _look("ink", INK, 15, 20, "font-weight:600;margin:28px 0 8px;")
FACTS, ACCOUNTS, NEIGHBOURS = _rows(20), _rows(22), _rows(20, 14)
MORE = f"<p {_look('quiet', QUIET, 13, 20, 'margin:0 0 8px;')}>"
_PRESS = f"display:inline-block;background:{LINK};font-weight:600;text-decoration:none;padding:12px 18px;"
PRESS = _look("press", "#ffffff", 15, 20, f"{_PRESS}border-radius:3px;")
NOTES = f"<p {_look('quiet', QUIET, 13, 20, 'margin:20px 0 0;')}>"
_FOOT = f"padding:12px 0 0;border-top:{HAIR};"
ACTS = f"<p {_look('ink hair', INK, 15, 30, f'margin:28px 0 0;{_FOOT}')}>"
REASON = f"<p {_look('quiet hair', QUIET, 13, 20, f'margin:24px 0 0;{_FOOT}')}>"
