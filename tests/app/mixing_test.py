"""The default model and the workspace beside each other, in a server: a private call that the model knows nothing of. Some 10 s."""

import os
import time

from lsp_client import LspClient

LIBRARY = "class Greeter:\n    def greet_everybody(self, names, loud=False):\n        for name in sorted(names, key=str.lower):\n            self.say(name, loud=loud)\n"
USE = "from library import Greeter\n\ndef use_{0}(people):\n    helper = Greeter()\n    helper.greet_everybody(people, loud=True)\n    return {0}\n"
TEXT = "from library import Greeter\n\ndef main(people):\n    helper = Greeter()\n    helper.greet"
WANTED = "_everybody(people, loud=True)"


def asked(client, uri):
    """What is suggested, once it is what is wanted or 10 s are over: the index is made in the background."""
    until = time.monotonic() + 10
    while True:
        items = client.inline(uri, 4, 16, trigger=1)
        text = items[0]["insertText"] if items else ""
        if text.startswith(WANTED) or time.monotonic() > until:
            return text
        time.sleep(0.02)


def test_a_model_and_the_workspace_together(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root = tmp_path / "work"
    (root / ".git").mkdir(parents=True)
    (root / "library.py").write_text(LIBRARY)
    for i in range(12):
        (root / f"use_{i}.py").write_text(USE.format(i) * 3)
    (root / "caller.py").write_text(TEXT)
    uri, said = (root / "caller.py").as_uri(), {}
    for mixed in (True, False):
        with LspClient([os.environ["RIGPILOT"], "lsp", "--model", "default"]) as client:
            client.initialize(rootUri=root.as_uri(), initializationOptions={"completion": {"mixWorkspace": mixed}})
            client.open(uri, TEXT)
            said[mixed] = asked(client, uri)
            if mixed:  # and how far to believe which is learned while nobody asks
                client.wait_for(lambda message: "counts beside" in str(message.get("params")), 60, "what was learned")
            assert client.shut_down() == 0
    assert said[True].startswith(WANTED)
    assert not said[False].startswith(WANTED)
