"""Who can send anything outward: modules that import something that speaks to other machines, each with its reason.

A new writer (mail, exports, backups) is added here when it asks `data.service.require_target` before the first byte.
"""

import ast

from garant.project.provision import SOURCES

SPEAKS = (
    "smtplib",
    "ftplib",
    "http.client",
    "urllib.request",
    "boto3",
    "requests",
    "httpx",
    "paramiko",
    "django.core.mail",
    "azure.storage",
)
"""What carries data to another machine. A bare socket carries nothing by itself; whoever speaks a protocol over one by hand is read."""
ASKS = "require_target"
LOOKS_ONLY = {
    "garant.data.engines.keys_apart": "asks the keyring of this machine, over a Unix socket",
    "garant.data.engines.objects": "asks object stores whether strangers may read; writes nothing",
    "garant.drivers.s3": "asks where a bucket is; writes nothing",
    "garant.drivers.tls_probe": "TLS probes of our own addresses",
}
OURS = ("garant.edge.", "garant.project.", "garant.access.", "garant.sdk.", "garant.vault.")
"""Between processes of this deployment; and the vault, whose key stores get keys and no data."""


def speakers() -> set[str]:
    """Modules that import one of them, whatever the form of the import."""
    found = set()
    for path in sorted((SOURCES / "garant").rglob("*.py")):
        names = set()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        if any(name == each or name.startswith(f"{each}.") for name in names for each in SPEAKS):
            found.add(".".join(path.relative_to(SOURCES).with_suffix("").parts).removesuffix(".__init__"))
    return found


def test_every_module_that_can_send_outward_looks_only_or_asks_first() -> None:
    strangers = set()
    for module in speakers() - set(LOOKS_ONLY):
        if module.startswith(OURS):
            continue
        path = SOURCES / f"{module.replace('.', '/')}.py"
        path = path if path.exists() else path.with_suffix("") / "__init__.py"
        if ASKS not in path.read_text(encoding="utf-8"):
            strangers.add(module)
    assert strangers == set(), f"ask {ASKS} before the first byte, or say here why it sends nothing"


def test_the_list_names_nothing_that_has_gone() -> None:
    assert set(LOOKS_ONLY) <= speakers()
