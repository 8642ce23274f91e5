#!/usr/bin/python3
"""How well the second, blind reading repeats the first: widths, foramina, MCI (cortical-tracings.csv)."""
import csv
from pathlib import Path

import numpy as np

MM_PER_PX = 0.0959
CLASSES = ("C1", "C2", "C3")


def read_pairs():
    """(first, second) reading of each site that was read twice."""
    with (Path(__file__).parent / "cortical-tracings.csv").open() as handle:
        rows = list(csv.DictReader(line for line in handle if not line.startswith("#")))
    first = {(row["film"], row["side"]): row for row in rows if row["reading"] == "1"}
    return rows, [(first[row["film"], row["side"]], row) for row in rows if row["reading"] == "2"]


def describe_widths(pairs, name):
    """Print the differences of the widths of these pairs in millimetres at the detector."""
    widths = np.array([[float(row["widthPx"]) for row in pair] for pair in pairs]) * MM_PER_PX
    change = widths[:, 1] - widths[:, 0]
    size = np.abs(change)
    print(
        f"{name}: n {len(pairs)}, mean |d| {size.mean():.2f} mm, median {np.median(size):.2f}, 90th percentile "
        f"{np.percentile(size, 90):.2f}, largest {size.max():.2f}, bias {change.mean():+.2f}, "
        f"r {np.corrcoef(widths.T)[0, 1]:.2f}"
    )


def class_agreement(pairs):
    """Share of agreement and Cohen's kappa (unweighted) of the MCI."""
    table = np.zeros((len(CLASSES), len(CLASSES)))
    for one, two in pairs:
        table[CLASSES.index(one["mci"]), CLASSES.index(two["mci"])] += 1
    share = np.trace(table) / table.sum()
    chance = float(table.sum(0) @ table.sum(1)) / table.sum() ** 2
    return table.astype(int).tolist(), share, (share - chance) / (1 - chance)


def main():
    rows, pairs = read_pairs()
    ones = [row for row in rows if row["reading"] == "1"]
    read = np.array([float(row["widthPx"]) for row in ones if row["widthPx"]]) * MM_PER_PX
    print(
        f"reading 1: {len({row['film'] for row in ones})} films, {len(ones)} sites, {len(read)} with a width, mean "
        f"{read.mean():.2f} mm, SD {read.std(ddof=1):.2f}, near decisions {sum(row['nearDecision'] == '1' for row in ones)}"
    )
    for name in ("mci", "quality", "foramenVisibility"):
        print(f"  {name}:", {value: sum(row[name] == value for row in ones) for value in sorted({row[name] for row in ones})})
    measured = [pair for pair in pairs if pair[0]["widthPx"] and pair[1]["widthPx"]]
    print(f"read twice: {len(pairs)} sites, a width both times in {len(measured)}")
    describe_widths(measured, "all")
    near = [pair for pair in measured if "1" in (pair[0]["nearDecision"], pair[1]["nearDecision"])]
    describe_widths([pair for pair in measured if pair not in near], "no near decision")
    describe_widths(near, "near decision in either reading")
    same_site = [[(float(row["foramenX"]), float(row["foramenY"])) for row in pair] for pair in pairs]
    apart = np.array([np.hypot(a[0] - b[0], a[1] - b[1]) for a, b in same_site]) * MM_PER_PX
    seen = np.array([pair[0]["foramenVisibility"] != "guess" for pair in pairs])
    for name, chosen in (("all", apart), ("plain or faint", apart[seen]), ("guess", apart[~seen])):
        print(f"foramen, {name}: n {len(chosen)}, median {np.median(chosen):.1f} mm, 90th percentile {np.percentile(chosen, 90):.1f}")
    classed = [pair for pair in pairs if pair[0]["mci"] in CLASSES and pair[1]["mci"] in CLASSES]
    table, share, kappa = class_agreement(classed)
    print(f"MCI: n {len(classed)}, agreement {share:.2f}, kappa {kappa:.2f}, table (first down, second across) {table}")


if __name__ == "__main__":
    main()
