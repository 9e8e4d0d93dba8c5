"""Turns measurements into a Markdown table of medians and of ratios to a reference."""

from statistics import median

MIB = 1 << 20


def table(rows, reference):
    """Lines of a Markdown table; `rows` are dictionaries with phase, tool, round and what was measured.

    A ratio is the median over the rounds of the tool's value divided by the reference's value of the same round, so
    above 1 the reference is better.
    """
    lines = [
        "| phase | program | wall s (range) | user+sys s | peak RssAnon MiB | peak RSS MiB | repository MB "
        f"| wall ÷ {reference} | CPU ÷ {reference} |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for phase in _in_order(row["phase"] for row in rows):
        of_phase = [row for row in rows if row["phase"] == phase]
        base = {row["round"]: row for row in of_phase if row["tool"] == reference}
        for tool in _in_order(row["tool"] for row in of_phase):
            runs = [row for row in of_phase if row["tool"] == tool]
            walls = [row["wall"] for row in runs]
            sizes = [row["repository"] for row in runs if row["repository"] is not None]
            lines.append(
                " | ".join(
                    (
                        f"| {phase}",
                        tool,
                        f"{median(walls):.2f} ({min(walls):.2f}–{max(walls):.2f})",
                        f"{median(row['cpu'] for row in runs):.2f}",
                        f"{median(row['peak_anonymous'] for row in runs) / MIB:.0f}",
                        f"{median(row['peak_resident'] for row in runs) / MIB:.0f}",
                        f"{median(sizes) / 1e6:.0f}" if sizes else "",
                        _ratio(runs, base, "wall"),
                        _ratio(runs, base, "cpu"),
                    )
                )
                + " |"
            )
    return lines


def _ratio(runs, base, value):
    pairs = [(row[value], base[row["round"]][value]) for row in runs if row["round"] in base]
    ratios = [own / other for own, other in pairs if other > 0]
    return f"{median(ratios):.2f}" if ratios else ""


def _in_order(values):
    return list(dict.fromkeys(values))


#: What is asked of the program: phase, label, the program and phase compared with, what is compared, the bound, and
#: whether the ratio must be at least that (other ÷ own) or at most that (own ÷ other).
REAL_TREE = (
    ("first backup", "holdfast", "restic", "first backup", "wall", 2.8, "least"),
    ("first backup", "holdfast", "restic", "first backup", "cpu", 0.45, "most"),
    ("first backup", "holdfast", "restic", "first backup", "repository", 1.02, "most"),
    ("first backup", "holdfast --no-extra-verify", "restic", "first backup", "wall", 3.3, "least"),
    ("first backup", "holdfast --compression fastest", "restic", "first backup", "wall", 4.5, "least"),
    ("in memory", "holdfast", "holdfast", "first backup", "wall", 0.75, "share"),
    ("unchanged backup", "holdfast", "restic", "unchanged backup", "wall", 4, "least"),
    ("restore", "holdfast", "restic", "restore", "wall", 1.5, "least"),
    ("restore", "holdfast", "restic", "restore", "cpu", 1, "most"),
    ("check --read-data", "holdfast", "restic", "check --read-data", "wall", 2, "least"),
)
SMALL_FILES = (
    ("first backup", "holdfast", "restic", "first backup", "wall", 4, "least"),
    ("unchanged backup", "holdfast", "find -printf", "walk", "wall", 2.5, "most"),
)
MOST_ANONYMOUS = 128 * MIB


def ratios(rows, small_files):
    """Lines of a Markdown table: the median over the rounds of each ratio that has a bar, and whether it is reached."""
    lines = ["| figure | against | median of the ratios | bar | |", "|---|---|---|---|---|"]
    for phase, label, other, other_phase, value, bar, sense in SMALL_FILES if small_files else REAL_TREE:
        own = {row["round"]: row[value] for row in rows if (row["phase"], row["tool"]) == (phase, label)}
        peer = {row["round"]: row[value] for row in rows if (row["phase"], row["tool"]) == (other_phase, other)}
        pairs = [(own[number], peer[number]) for number in own if number in peer]
        found = [_divide(b, a) if sense == "least" else _divide(a, b) for a, b in pairs]
        if not found:
            continue
        figure = median(found)
        reached = figure <= bar if sense == "most" else figure >= bar
        lines.append(
            f"| {phase}, {label}: {value} | {other}, {other_phase} | {figure:.2f} "
            f"| {'≤' if sense == 'most' else '≥'} {bar} | {'reached' if reached else 'missed'} |"
        )
    for phase in _in_order(row["phase"] for row in rows if row["tool"].startswith("holdfast") and row["peak_anonymous"]):
        peak = max(
            row["peak_anonymous"] for row in rows if row["phase"] == phase and row["tool"].startswith("holdfast")
        )
        lines.append(
            f"| {phase}: RssAnon MiB, the greatest of all runs | | {peak / MIB:.0f} | ≤ {MOST_ANONYMOUS // MIB} "
            f"| {'reached' if peak <= MOST_ANONYMOUS else 'missed'} |"
        )
    return lines


def _divide(one, other):
    return one / other if other else float("inf")
