"""The plot of the table: each contender's ratio to the floor, a panel for each model."""

import matplotlib
from contender_list import EVERYONE
from jobs import TITLES

matplotlib.use("Agg")
import matplotlib.pyplot as plt  # noqa: E402

COLORS = ("#1f5a96", "#d62728", "#2c8c2c", "#f08214")


def draw(made, path):
    titles = {c.name: c.title.strip("*") for c in EVERYONE}
    results = {(r["model"], r["contender"], r["n"]): r for r in made["results"]}
    models = list(dict.fromkeys(m for m, _, _ in results))
    names = [c for c in titles if c != "floor" and any(key[1] == c for key in results)]
    counts = sorted({n for _, _, n in results})
    figure, panels = plt.subplots(1, len(models), figsize=(3.2 + 2.9 * len(models), 1.3 + 0.36 * len(names)),
                                  sharey=True, squeeze=False, layout="constrained")  # fmt: skip
    for panel, model in zip(panels[0], models):
        panel.axvline(1, color="#888888", linewidth=1)
        for n, color, place in zip(counts, COLORS, (-0.22, 0.0, 0.22, 0.44)):
            here = [(i, results[model, name, n]) for i, name in enumerate(names) if (model, name, n) in results]
            ratios = [r["ratio"] for _, r in here]
            below = [r["ratio"] - r["spread"][0] for _, r in here]
            above = [r["spread"][1] - r["ratio"] for _, r in here]
            panel.errorbar(ratios, [i + place for i, _ in here], xerr=[below, above], fmt="o", color=color,
                           markersize=5, label=f"n = {n}")  # fmt: skip
        panel.set(xscale="log", title=TITLES[model].replace(": ", "\n", 1), yticks=range(len(names)))
        panel.set_yticklabels([titles[name] for name in names])
        low, high = panel.get_xlim()
        panel.set_xticks([at for at in (0.2, 0.3, 0.5, 1, 2, 3, 5, 10, 20, 50) if low <= at <= high])
        panel.xaxis.set_major_formatter("{x:g}")
        panel.xaxis.set_minor_formatter("")
        panel.xaxis.set_major_formatter("{x:g}")
        panel.grid(axis="x", which="both", alpha=0.2)
        panel.title.set_fontsize(9)
    panels[0, 0].invert_yaxis()
    panels[0, -1].legend(fontsize=8)
    figure.supxlabel("time of a step over that of the bare network evaluation; the line is 1", fontsize=9)
    figure.savefig(path, dpi=110, bbox_inches="tight")
    plt.close(figure)
