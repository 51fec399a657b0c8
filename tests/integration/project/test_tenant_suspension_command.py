"""`garant tenant suspend|resume`: by the short name, with a reason, and in words."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from garant.audit import queries as audit
from garant.audit.service import Kind
from garant.identity.queries import facts_of
from garant.identity.service import tenant_transaction
from garant.kernel.errors import InputError
from garant.project.cli.tenant import app
from support.visitors import tenant

pytestmark = pytest.mark.django_db


def run(*words: str) -> str:
    """What the command prints. Its refusals are raised: `main` turns them into one line."""
    done: Any = CliRunner().invoke(app, list(words))
    if done.exception is not None:
        raise done.exception
    return str(done.output)


def test_an_organisation_is_suspended_and_resumed_by_name_and_the_other_stays() -> None:
    town, other = tenant("saint-elan", "Ville de Saint-Élan"), tenant("trois-rapides", "MRC des Trois-Rapides")
    assert run("suspend", "saint-elan", "--reason", "unpaid") == "saint-elan is suspended: nobody comes in.\n"
    assert run("suspend", "saint-elan", "--reason", "unpaid") == "saint-elan was suspended already.\n"
    listed = {each["slug"]: each["suspended"] for each in json.loads(run("list", "--json"))}
    assert listed == {"saint-elan": True, "trois-rapides": False}
    assert run("resume", "saint-elan", "--reason", "paid") == "saint-elan is resumed.\n"
    assert run("resume", "saint-elan", "--reason", "paid") == "saint-elan was not suspended.\n"
    with tenant_transaction(town.id):
        assert facts_of(town.id).suspended is False
        kinds = [entry.kind for entry in audit.entries(tenant=town.id, kinds=[Kind.TENANT_SUSPENDED, Kind.TENANT_RESUMED])]
        assert sorted(kinds) == ["staff:tenant:resumed", "staff:tenant:suspended"]
    with tenant_transaction(other.id):
        assert audit.entries(tenant=other.id, kinds=[Kind.TENANT_SUSPENDED, Kind.TENANT_RESUMED]) == []


def test_an_unknown_name_and_a_missing_reason_are_refused_with_what_to_write() -> None:
    tenant("saint-elan", "Ville de Saint-Élan")
    with pytest.raises(InputError, match="there is no organisation 'saint-elian'; `garant tenant list` shows them"):
        run("suspend", "saint-elian", "--reason", "unpaid")
    with pytest.raises(InputError, match="a reason is needed"):
        run("suspend", "saint-elan", "--reason", " ")
    with pytest.raises(SystemExit):
        run("suspend", "saint-elan")
