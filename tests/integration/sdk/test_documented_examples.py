"""What docs/integration.md tells a developer to write does what it says, where Node is present."""

import base64
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from garant.sdk.keyring import Keyring
from support.assertions import Signer, current
from support.keyring import ELAN, KeyringProcess

CURL = shutil.which("curl")
PAGE = Path(__file__).resolve().parents[3] / "docs" / "integration.md"
NODE = shutil.which("node") or shutil.which("nodejs")
HOST = "Saint-Elan.garant.localhost:8443"


@pytest.mark.skipif(NODE is None, reason="Node is not on this machine: its example is not run")
def test_the_node_example_accepts_and_refuses_what_the_sdk_does(tmp_path):
    signer, stranger = Signer(), Signer()
    keys = signer.write(tmp_path / "public.json")
    good = current(signer)
    cases = {
        "good": good,
        "another tenant": current(signer, tenant="trois-rapides"),
        "another application": current(signer, aud="saint-elan/other"),
        "another key": current(stranger),
        "algorithm": current(signer, header={"alg": "HS256"}),
        "crit": current(signer, header={"crit": ["x"]}),
        "expired": signer.token(),
        "long life": current(signer, exp=4102444800),
        "padded": good + "=",
        "cut": good[:-3],
        "empty": "",
    }
    example = re.search(r"```js\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    program = f"{example}\nconst cases = {json.dumps(cases)};\nconst told = {{}};\n" + (
        f'for (const name in cases) told[name] = identify(cases[name], "{HOST}", "sondage") !== null;\nconsole.log(JSON.stringify(told));\n'
    )
    done = subprocess.run([NODE, "-e", program], env={"GARANT_KEYS": str(keys)}, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {name: name == "good" for name in cases}


@pytest.mark.skipif(CURL is None, reason="curl is not on this machine: its example is not run")
def test_the_curl_examples_seal_open_and_index(database):
    """Of docs/sdk.md, line by line, against a real keyring; what they say is what the SDK says."""
    text = (PAGE.parent / "sdk.md").read_text(encoding="utf-8").partition("## Other languages")[2]
    block = re.search(r"```sh\n(.*?)```", text, re.DOTALL)[1]
    function, *lines = [line for line in block.splitlines() if line]
    with KeyringProcess(database, name="test_curl") as served:
        keyring: Keyring = served.client()
        place = {"tenant": ELAN, "table": "person", "column": "name", "row": "7"}
        sealed = base64.b64encode(keyring.seal(**place, value=b"Rosalie")).decode()
        environment = {"PATH": os.environ["PATH"], "KEYRING": str(served.socket), "TOKEN_FILE": str(served.token), "ENVELOPE": sealed}
        answers = []
        for line in lines:
            done = subprocess.run(
                ["sh", "-c", f"{function}\n{line}"], env=environment, capture_output=True, text=True, timeout=30, check=True
            )
            answers.append(base64.b64decode(json.loads(done.stdout)["values"][0]))
        assert keyring.unseal(**place, envelope=answers[0]) == answers[1] == b"Rosalie"
        assert answers[2] == keyring.index(tenant=ELAN, column="person.email", value="elodie@example.org")
