"""What every editor must do with Rigpilot, as tests that know no editor: a test module of an editor inherits them.

    class TestNeovim(Scenarios):
        @pytest.fixture
        def editor(self, tmp_path): ...          # an Editor, below

The engine is scripted (docs/scripted-engine.md), so every text is exact. Buffers are compared as bytes of the saved file.
"""

PYTHON = "import os\n\ndef add(a, b):\n|\n\nprint(add(1, 2))\n"
# From the fourth blank on: VS Code keeps what came after fewer of them in sight until it has the next answer, and would insert that one's.
SUM = {"prefix_matches": r"def add\(a, b\):\r?\n {4,}$", "text": "total = a + b\n    return total\n"}
LONGER = {"prefix_matches": "x = c$", "text": "ompute(values)\nprint(x)", "alternatives": ["all(values)"]}  # one line of it while one types
SEVERAL = {"prefix_matches": "x = c$", "text": "ompute(values)", "alternatives": ["all(values)", "urrent"]}


class Editor:
    """What a test needs of an editor. `amount` is "all", "word" or "line"; `see("")` waits until no suggestion shows."""

    def start(self, engine, name, marked, **options):
        """Opens a file `name` holding `marked` (| is the cursor) with the server over `engine`, in typing mode."""
        raise NotImplementedError

    def type(self, text, pause=0.0): raise NotImplementedError
    def type_tab(self): raise NotImplementedError     # a tab into the text, whatever the key does
    def see(self, ghost): raise NotImplementedError   # line by line, without the blanks around each
    def frames(self): raise NotImplementedError       # the ghost texts that were drawn, in order, from the last mark_frames() on
    def mark_frames(self): raise NotImplementedError
    def accept(self, amount): raise NotImplementedError
    def dismiss(self): raise NotImplementedError
    def another(self, step): raise NotImplementedError  # the next suggestion (1) or the previous one (-1)
    def ask_for_one(self): raise NotImplementedError
    def undo(self): raise NotImplementedError
    def saved(self): raise NotImplementedError        # the buffer as the editor saves it, bytes
    def shows(self, text): raise NotImplementedError  # waits until the screen shows it, as a message or otherwise
    def kill_server(self): raise NotImplementedError
    def started_again(self): self.shows("started again")  # waits until the server after a killed one can be asked
    def statistics(self): raise NotImplementedError   # what `rigpilot.server.statistics` says
    def close(self): raise NotImplementedError


def script(*replies, **more):
    return {"replies": list(replies), **more}


def plain(ghost):
    """A ghost's lines without the blanks around them: what can be told from a screen."""
    return "\n".join(line.strip() for line in ghost.split("\n") if line.strip())


def split_mark(marked):
    """The text without its |, and the |'s line (from 1) and column (from 0, in characters)."""
    before, after = marked.split("|", 1)
    return before + after, before.count("\n") + 1, len(before) - (before.rfind("\n") + 1)


def with_ghost(marked, ghost):
    return marked.replace("|", ghost, 1).encode("utf-8")


class Scenarios:
    def test_ghost_appears_and_is_accepted(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")

    def test_typing_through_keeps_it(self, editor):
        editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.mark_frames()
        editor.type("ompute", pause=0.09)
        editor.see("(values)")
        editor.type("(val", pause=0.3)
        editor.see("ues)")
        whole = "ompute(values)"
        for seen in editor.frames():
            # Each picture is what is left of it after some keys: never nothing, never something else.
            assert seen and whole.endswith(seen), f"a blink: {seen!r} of {editor.frames()}"
        editor.accept("all")
        assert editor.saved() == b"values = []\nx = compute(values)\n"

    def test_typing_otherwise_takes_it_down(self, editor):
        editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.mark_frames()
        editor.type("z")
        editor.see("")
        assert set(editor.frames()) <= {"ompute(values)", ""}, editor.frames()
        assert editor.saved() == b"values = []\nx = cz\n"

    def test_words(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("word")
        editor.see(" = a + b\n    return total")
        for _ in range(4):
            editor.accept("word")
        editor.see("\n    return total")
        editor.accept("word")
        editor.see(" total")
        editor.accept("word")
        editor.see("")
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")

    def test_lines(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("line")
        editor.see("\n    return total")
        editor.accept("line")
        editor.see("")
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")

    def test_dismissed(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.dismiss()
        editor.see("")
        editor.type("x")
        assert editor.saved() == with_ghost(PYTHON, "    x")

    def test_dismissed_does_not_come_back_by_typing(self, editor):
        editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}, {"prefix_matches": "x = co$", "text": "mpute(values)"}), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.dismiss()
        editor.see("")
        editor.mark_frames()
        editor.type("o", pause=0.5)
        editor.type("\x7f", pause=0.5)
        assert not any(editor.frames()), editor.frames()
        editor.ask_for_one()
        editor.see("ompute(values)")
        figures = editor.statistics()
        assert (figures["dismissed"], figures["accepted"]) == (1, 0), figures

    def test_next_and_previous(self, editor):
        """One was shown by itself; the others come when they are asked for, and go round."""
        editor.start(script(SEVERAL), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        for step, ghost in [(1, "all(values)"), (1, "urrent"), (1, "ompute(values)"), (-1, "urrent"), (-1, "all(values)")]:
            editor.another(step)
            editor.see(ghost)
        editor.type("al", pause=0.1)
        editor.see("l(values)")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"values = []\nx = call(values)\n"

    def test_what_shows_stays_the_first_when_asked(self, editor):
        """The model writes more when asked than while one types: that comes behind what was seen."""
        editor.start(script(LONGER), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.mark_frames()
        editor.another(1)
        editor.see("ompute(values)\nprint(x)")
        editor.another(1)
        editor.see("all(values)")
        editor.another(1)
        editor.see("ompute(values)")
        editor.another(-1)
        editor.see("all(values)")
        editor.another(-1)
        editor.see("ompute(values)\nprint(x)")
        assert "" not in editor.frames(), editor.frames()
        editor.type("o", pause=0.5)
        editor.see("mpute(values)\nprint(x)")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"values = []\nx = compute(values)\nprint(x)\n"

    def test_asked_for(self, editor):
        """After it was dismissed it comes again when it is asked for, with the others behind it."""
        editor.start(script(SEVERAL), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.dismiss()
        editor.see("")
        editor.ask_for_one()
        editor.see("ompute(values)")
        editor.another(-1)
        editor.see("urrent")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"values = []\nx = current\n"

    def test_undo_is_one_step(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        editor.type("  # sum")
        editor.undo()
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")
        editor.undo()
        assert editor.saved() == with_ghost(PYTHON, "    ")

    def test_closing_bracket_is_not_doubled(self, editor):
        editor.start(script({"prefix_ends": "print(v", "text": "alues)"}), "a.py", "values = []\nprint(|)\n")
        editor.type("v")
        editor.see("alues")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"values = []\nprint(values)\n"

    def test_accepted_at_once_after_a_key(self, editor):
        """A suggestion that was made before the last key: nothing is doubled or left over."""
        editor.start(script({"prefix_matches": "x = c$", "text": "ompute(values)"}), "a.py", "values = []\nx = |\n")
        editor.type("c")
        editor.see("ompute(values)")
        editor.type("om")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"values = []\nx = compute(values)\n"

    def test_tabs(self, editor):
        editor.start(script({"prefix_matches": r"3 \{\n\t\t$", "text": "n++\n\t\tm++\n"}), "a.go", "func f() {\n\tfor range 3 {\n\t|\n\t}\n}\n")
        editor.type_tab()
        editor.see("n++\nm++")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == b"func f() {\n\tfor range 3 {\n\t\tn++\n\t\tm++\n\t}\n}\n"

    def test_carriage_returns(self, editor):
        editor.start(script(SUM), "a.py", PYTHON.replace("\n", "\r\n"))
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total").replace(b"\n", b"\r\n")

    def test_columns_after_emoji_and_combining_letters(self, editor):
        editor.start(script({"prefix_ends": "grüße = \"👩‍🔬 日本", "text": "語\" + name\n"}), "a.py", "name = 1\ngrüße = \"👩‍🔬 日|\n")
        editor.type("本")
        editor.see("語\" + name")
        editor.accept("word")
        editor.see("\" + name")
        editor.accept("all")
        editor.see("")
        assert editor.saved().decode("utf-8") == "name = 1\ngrüße = \"👩‍🔬 日本語\" + name\n"

    def test_the_server_is_killed(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.kill_server()
        editor.started_again()
        editor.type(" ")
        editor.type("\x7f")
        editor.see("total = a + b\nreturn total")

    def test_accepting_is_counted(self, editor):
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("word")
        editor.see(" = a + b\n    return total")
        editor.accept("all")
        editor.see("")
        figures = editor.statistics()
        assert (figures["shown"], figures["accepted"], figures["partlyAccepted"]) == (1, 1, 0), figures
        assert figures["acceptedCharacters"] == len("total = a + b\n    return total")
