"""Losses and grades on simulated films of looks that training never used, against their known truth."""
import argparse
import json

import cv2
import numpy as np
import torch

import evaluate
import prepare
import schedule
from model import VertebraFinder, VertebraPoints


def grade_of(loss):
    """Genant grade of a loss in percent."""
    return 0 if loss < 20 else 1 if loss <= 25 else 2 if loss <= 40 else 3


def losses_of(points):
    """Wedge and biconcave loss in percent."""
    wedge, biconcave = evaluate.ratios_of(points)
    return np.array([100 * (1 - wedge), 100 * (1 - biconcave)])


def weighted_kappa(pairs):
    """Quadratically weighted kappa of pairs of grades."""
    table = np.zeros((4, 4))
    for a, b in pairs:
        table[a, b] += 1
    weight = (np.arange(4)[:, None] - np.arange(4)) ** 2 / 9
    chance = np.outer(table.sum(1), table.sum(0)) / max(table.sum(), 1)
    return 1 - (weight * table).sum() / max((weight * chance).sum(), 1e-9), table.astype(int).tolist()


def read_simulated(finder, network, films):
    """Rows of errors of the labelled bodies and the finds off any body."""
    rows, off, pictures = [], [], []
    for film in films:
        bodies, sacrum = evaluate.read_film(finder, network, film["image"])
        pictures.append((film, bodies, sacrum))
        more, stray = evaluate.compare(film, bodies)
        off += stray
        whole = [b for b in film["bodies"] if b["whole"]]
        pairs, _ = evaluate.match(bodies, whole)
        for row, label, k in zip(more, whole, pairs):
            row["deformity"] = label["truth"]["deformity"]
            if k is not None:
                truth, measured = losses_of(label["points"]), losses_of(bodies[k]["points"])
                row.update(truth=truth.tolist(), measured=measured.tolist(),
                           error=np.abs(np.clip(truth, 0, None) - np.clip(measured, 0, None)).tolist())
        rows += more
    return rows, off, pictures


def main():
    """Prints the figures of `--which` on the films of build/`--folder`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--which", default="shipped")
    parser.add_argument("--finder")
    parser.add_argument("--points")
    parser.add_argument("--folder", default="sim-heldout")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--sheets")
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    finder = evaluate.load(VertebraFinder, "finder", options.finder or options.which)
    network = evaluate.load(VertebraPoints, "points", options.points or options.which)
    films = prepare.read_simulated_films(options.folder, options.limit)
    rows, off, pictures = read_simulated(finder, network, films)
    print(json.dumps(evaluate.summarise(rows, len(off))))
    hits = [r for r in rows if r["found"]]
    error = np.array([r["error"] for r in hits])
    print("loss error in points: wedge %.2f biconcave %.2f" % tuple(error.mean(0)))
    pairs = [(grade_of(max(r["truth"])), grade_of(max(r["measured"]))) for r in hits]
    print("kappa of wedge and biconcave grades %.3f" % weighted_kappa(pairs)[0], weighted_kappa(pairs)[1])
    for kind in sorted({r["deformity"] for r in rows}):
        part = [r for r in rows if r["deformity"] == kind]
        seen = np.array([r["error"] for r in part if r["found"]])
        print(kind, len(part), "found", len(seen), seen.mean(0).round(2) if len(seen) else "")
    if options.sheets:
        evaluate.sheets([evaluate.overlay(*p) for p in pictures], options.sheets)


if __name__ == "__main__":
    main()
