"""Cortical width of both readers against the tracings, every site by a network that never saw its film.

  evaluate.py BORDERS [--json FILE]   BORDERS: border and foramen of each film from the network of its fold (README)

Settings: `traced` the tracer's border and foramen, `border` the model's border and the tracer's foramen, `product` both
the model's. Readers, all with the rule's outer border: `rule` (labels/trace_tool.py), `learned` (the median of the
network's distribution) and `combined` (of the rule's own edges the one to which the network gives most).
"""
import argparse
import json
import os

import numpy as np
import torch

import augment
from model import CorticalProfile
from prepare import BUILD, traced_border
from strips import (DEPTH_FROM_MM, MM_PER_PX, STEP_MM, choose_by_rule, cut_wide, foot_of, pair_of, read_film,
                    read_tracings, rule_strip, smooth_path)

NEAR_MM = 0.35


def load(fold):
    network = CorticalProfile()
    network.load_state_dict(torch.load(f"{BUILD}/fold{fold}/weights.pt"))
    return network.eval()


def median_of(probabilities):
    """Depth at which half of a distribution lies above, between samples, in millimetres."""
    share = np.cumsum(probabilities)
    i = int(np.searchsorted(share, 0.5))
    before = share[i - 1] if i else 0.0
    return DEPTH_FROM_MM + STEP_MM * (i - 0.5 + (0.5 - before) / max(share[i] - before, 1e-9))


def mass_at(probabilities, depth_mm):
    """How much of a distribution lies near a depth."""
    axis = DEPTH_FROM_MM + STEP_MM * np.arange(len(probabilities))
    return float(probabilities[np.abs(axis - depth_mm) <= NEAR_MM].sum())


def ask(network, wide, outer_mm, levels):
    """The margin's distribution below the outer border, mean of the strip and its mirror image."""
    _, cortex, marrow = levels
    strips = np.stack([augment.normalise(augment.cut(wide, deeper_mm=outer_mm, turned=turned), cortex, marrow)
                       for turned in (False, True)])
    with torch.no_grad():
        margin, _ = network(torch.from_numpy(strips[:, None]))
    return margin.mean(0).numpy()


def read_place(network, film, path, foot, distal):
    """Widths of every reader at a place, in millimetres, None where a reader has none, and what they were made from."""
    outer, _, levels, candidates = rule_strip(film, path, foot, distal)
    margin = ask(network, cut_wide(film, path, foot, distal), outer * MM_PER_PX, levels)
    widths = [each[0] * MM_PER_PX for each in candidates]
    masses = [mass_at(margin, width) for width in widths]
    chosen, likely = choose_by_rule(candidates), int(np.argmax(masses)) if masses else None
    width_of = lambda index: None if index is None else widths[index]
    return {"rule": width_of(chosen), "combined": width_of(likely), "learned": median_of(margin),
            "candidates": candidates, "masses": masses, "margin": margin.tolist()}


def read_sites(borders):
    """Every traced site in every setting, of the folds that are trained."""
    networks = {fold: load(fold) for fold in range(5) if os.path.exists(f"{BUILD}/fold{fold}/weights.pt")}
    for row in read_tracings():
        if row["reading"] != "1" or not row["widthPx"] or borders[row["film"]]["fold"] not in networks:
            continue
        film, known, distal = read_film(row["film"]), borders[row["film"]], 1 if row["side"] == "L" else -1
        path, foramen = smooth_path(known["border"]), pair_of(row, "foramen")
        settings = {"traced": (traced_border(row, film), foramen), "border": (path, foramen),
                    "product": (path, known["foramen"][row["side"]][:2])}
        for setting, (line, point) in settings.items():
            foot = foot_of(line, point)
            if foot is None:
                continue
            yield {"film": row["film"], "side": row["side"], "setting": setting, "traced": float(row["widthPx"]) * MM_PER_PX,
                   "near": row["nearDecision"] == "1", "fold": known["fold"],
                   **read_place(networks[known["fold"]], film, line, foot, distal)}


def figures_of(sites, reader):
    """Mean and median absolute error, bias, correlation in millimetres; clear and near decisions apart."""
    read = [each for each in sites if each[reader] is not None]
    error = np.array([each[reader] - each["traced"] for each in read])
    traced, near = np.array([each["traced"] for each in read]), np.array([each["near"] for each in read])
    size = np.abs(error)
    return {"sites": len(read), "mae": size.mean(), "median": np.median(size), "p90": np.percentile(size, 90),
            "bias": error.mean(), "r": np.corrcoef(traced, traced + error)[0, 1],
            "maeClear": size[~near].mean(), "maeNear": size[near].mean()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("borders")
    parser.add_argument("--json", help="file for the figures")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with open(arguments.borders) as handle:
        sites = list(read_sites(json.load(handle)))
    with open(f"{BUILD}/sites.json", "w") as handle:
        json.dump(sites, handle)
    table = {}
    for setting in ("traced", "border", "product"):
        for reader in ("rule", "combined", "learned"):
            row = figures_of([each for each in sites if each["setting"] == setting], reader)
            table[f"{setting} {reader}"] = {key: round(float(value), 3) for key, value in row.items()}
            print(f"{setting:8} {reader:9}", " ".join(f"{key} {value:.3f}" for key, value in row.items()))
    if arguments.json:
        with open(arguments.json, "w") as handle:
            json.dump(table, handle, indent=1)
            handle.write("\n")


if __name__ == "__main__":
    main()
