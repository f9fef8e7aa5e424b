"""Processes that a test started, by who started them: a machine may run the same programs for others.

    descendants(pid, "rigpilot")        # ids of the processes below this one whose name starts so
"""

import pathlib


def descendants(pid, name=""):
    parents, names = {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text()
        except OSError:
            continue
        # "pid (name) state parent ...": the name may hold blanks and brackets itself.
        state, parent = stat[stat.rindex(")") + 2:].split()[:2]
        if state != "Z":
            parents[int(entry.name)] = int(parent)
            names[int(entry.name)] = stat[stat.index("(") + 1:stat.rindex(")")]
    ours, grew = {pid}, True
    while grew:
        more = {child for child, parent in parents.items() if parent in ours} - ours
        ours, grew = ours | more, bool(more)
    return sorted(child for child in ours - {pid} if names[child].startswith(name))
