"""Cells of a CSV file that a spreadsheet will open (OWASP: CSV injection; v5.0.0-1.2.10)."""

DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\N{FULLWIDTH COMMERCIAL AT}")


def cell(value: object) -> str:
    """`value` as text; what a spreadsheet would run as a formula gets an apostrophe in front.

    >>> cell("=1+1"), cell(-3), cell("plain")
    ("'=1+1", '-3', 'plain')
    """
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(DANGEROUS) else text
