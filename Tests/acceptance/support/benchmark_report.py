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
