"""The VS Code extension in the real VS Code (its server edition, in a browser): what every editor must do."""

from scenarios import PYTHON, SUM, Scenarios, script, with_ghost


class TestVsCode(Scenarios):
    def test_words(self, editor):
        """VS Code has its own mind of what a word is: each press takes a piece, and all of them the whole."""
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        whole, presses = editor.ghost(), 0
        while presses < 20 and (editor.ghost() or editor.comes(editor.ghost, 0.8)):  # it is gone for a moment where a line ends
            editor.accept("word")
            editor.page.wait_for_timeout(150)
            assert whole.endswith(editor.ghost()), editor.ghost()
            presses += 1
        assert 5 <= presses < 20
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")

    def test_undo_is_one_step(self, editor):
        """VS Code takes back what was typed word by word: one letter is typed here."""
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        editor.type("s")
        editor.undo()
        assert editor.saved() == with_ghost(PYTHON, "    total = a + b\n    return total")
        editor.undo()
        assert editor.saved() == with_ghost(PYTHON, "    ")

    def test_accepting_is_counted(self, editor):
        """VS Code does not tell of words that were taken."""
        editor.start(script(SUM), "a.py", PYTHON)
        editor.type("    ")
        editor.see("total = a + b\nreturn total")
        editor.accept("all")
        editor.see("")
        figures = editor.statistics()
        assert figures.pop("shown") >= 1  # it may have come anew while the blanks were typed
        assert figures == {"accepted": 1, "partlyAccepted": 0, "dismissed": 0, "acceptedCharacters": len("total = a + b\n    return total")}
