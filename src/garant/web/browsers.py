"""What a browser says of itself, in words: its name, its number, its system. What is not known is shown as it was said, cut short."""

import re

BROWSERS = (
    ("Edge", re.compile(r"\b(?:Edg|EdgA|EdgiOS|Edge)/(\d+)")),
    ("Opera", re.compile(r"\bOPR/(\d+)")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)")),
    ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"\b(?:Chrome|CriOS|HeadlessChrome)/(\d+)")),
    ("Safari", re.compile(r"\bVersion/(\d+)[\d.]* (?:Mobile/\w+ )?Safari/")),
    ("curl", re.compile(r"^curl/(\d+)")),
)
"""The first that fits: most say that they are Safari, and many that they are Chrome."""

SYSTEMS = (
    ("iPhone", re.compile(r"\biPhone\b")),
    ("iPad", re.compile(r"\biPad\b")),
    ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")),
    ("macOS", re.compile(r"\bMac(?:intosh| OS X)\b")),
    ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("Linux", re.compile(r"\bLinux\b")),
)
LONGEST = 40


def browser(agent: str) -> str:
    """`Firefox 128, Linux`."""
    name = next((f"{name} {found[1]}" for name, sign in BROWSERS if (found := sign.search(agent))), "")
    system = next((system for system, sign in SYSTEMS if sign.search(agent)), "")
    if not name:
        return agent if len(agent) <= LONGEST else f"{agent[: LONGEST - 1]}…"
    return f"{name}, {system}" if system else name
