"""The commands of `garant key` about what protects the root: what it is worth, and moving to another."""

import json
from pathlib import Path
from typing import Annotated

import typer
from django.conf import settings

from garant.identity.service import tenant_transaction
from garant.kernel.clock import SystemClock
from garant.kernel.errors import ConfigurationError, InputError
from garant.project import configuration
from garant.project.cli.key_store import ACTOR, Data, Json
from garant.vault import service as vault


def root(
    json_: Json = False,
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Say what protects the root of the keys, and what that can truly promise. Asks the device or the service.

    Exit codes: 0 said; 1 a former root is not destroyed yet; 2 it cannot be asked, for a reason said in one line.
    """
    said, left = vault.root_attestation(), vault.root_left_behind()
    days = {"shortest": said.shortest.days, "longest": said.longest.days if said.longest is not None else None}
    if json_:
        facts = {"root": said.adapter, "hardware": said.hardware, "cryptographic": said.cryptographic, **days}
        print(json.dumps({**facts, "words": said.words.as_dict(), "left": {str(epoch): name for epoch, name in left.items()}}))
    else:
        print(f"{said.adapter}: {said.words.fr}\n{' ' * len(said.adapter)}  {said.words.en}")
        if said.shortest.days:
            print(f"A destruction takes {said.shortest.days} days at the least.")
        for epoch, name in left.items():
            print(f"Epoch {epoch} of the former root {name} is NOT destroyed: run `garant key move` again with the former garant.toml.")
    if left:
        raise typer.Exit(1)


def move(
    former: Annotated[Path, typer.Argument(help="garant.toml as it was before; the present one names the new root.")],
    data: Data = None,  # noqa: ARG001 - read in main
) -> None:
    """Put the key store under the root that garant.toml names now, and destroy the former root. Restart Garant right after.

    It runs meanwhile, since its database is needed; until the restart its processes know the former root only, and open nothing. Killed
    in the middle, run it again. Backups of the key store made until now open nothing any more.

    Exit codes: 0 moved; 2 refused, with what to write instead.
    """
    if not former.is_file():
        raise InputError(f"{former} is no file: copy garant.toml before you change it, and name the copy")
    before, present = configuration.load(former).root, settings.GARANT.root
    if before == present:
        raise ConfigurationError(f"{former} names the same root as {settings.GARANT.path}; write the new one into {settings.GARANT.path}")
    with tenant_transaction(None, scope="operator"):
        epoch = vault.move_root(former=vault.former_protector(before.kind, before.parameters), at=SystemClock().now(), actor=ACTOR)
    print(
        f"The root is {present.kind}, at epoch {epoch}; what {before.kind} held of it is destroyed. Start Garant, then: garant key backup"
    )
