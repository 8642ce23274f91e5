"""What each source adds: the same short schedule with and without it, judged on the twelve films of folds 0 and 1."""
import argparse
import json
import os
import time

import cv2
import numpy as np
import torch

import canvases
import crops
import evaluate
import prepare
import schedule
import train_finder
import train_points
from model import VertebraFinder, VertebraPoints

OUT = f"{prepare.HERE}/ablation.json"
VARIANTS = {"real": ("real",), "real+frontal": ("real", "frontal"), "real+simulated": ("real", "simulated"),
            "real+frontal+simulated": ("real", "frontal", "simulated"), "simulated": ("simulated",)}
KINDS = {"real": ("buu", "spine", "chest"), "frontal": ("frontal",), "simulated": ("simulated",)}


def taught(network, everything, lesson, wanted, steps, rate=3e-3):
    """A network taught in both lessons with some of the sources, for a fixed number of steps in all."""
    allowed = {kind for source in wanted for kind in KINDS[source]}
    sources = {kind: films if kind in allowed else [] for kind, films in everything.items()}
    network = network.to(memory_format=torch.channels_last)
    first = steps // 2 if "real" in wanted else steps
    with open(os.devnull, "w") as log:
        network = schedule.train(network, schedule.first_lesson(sources), lesson, {"steps": first}, rate, 1, log, True)
        if first < steps:
            pools = schedule.second_lesson(sources, schedule.SHIPPED)
            network = schedule.train(network, pools, lesson, {"steps": steps - first}, rate * 0.6, 1, log)
    return network


def judged(network, films):
    """Errors of the points from crops laid with the errors of a finder round the labels."""
    rng, rows = np.random.RandomState(0), []
    for film in films:
        guesses = []
        for body in film["bodies"]:
            matrix, origin = crops.jittered(*crops.placement(body["points"]), rng, crops.FIRST)
            quad = np.array([[-28, -20], [28, -20], [-28, 20], [28, 20]]) @ matrix.T + origin
            guesses.append(evaluate.six_of(quad))
        rows += evaluate.compare(film, evaluate.measure(network, film["image"], guesses))[0]
    figures = evaluate.summarise(rows, 0)
    return {key: figures[key] for key in ("labelled", "cornerError", "middleError", "wedgeError", "biconcaveError")}


def main():
    """Trains and judges one variant after another and writes the table after each; `--finder-steps 0` leaves the finder out."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--finder-steps", type=int, default=0)
    parser.add_argument("--points-steps", type=int, default=100)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    films = [f for f in prepare.read_spine_films() if f["id"] in schedule.held_out(schedule.SHIPPED)]
    table = {"films": len(films), "finderSteps": options.finder_steps, "pointsSteps": options.points_steps, "variants": {}}
    parts = schedule.read_sources(crops.cache_film)
    whole = schedule.read_sources(canvases.cache_film) if options.finder_steps > 0 else None
    for name in options.variants:
        started = time.time()
        torch.manual_seed(1)
        network = taught(VertebraPoints(), parts, train_points.LESSON, VARIANTS[name], options.points_steps)
        table["variants"][name] = {"points": judged(network, films)}
        if whole is not None:
            finder = taught(VertebraFinder(), whole, train_finder.LESSON, VARIANTS[name], options.finder_steps)
            rows, off = evaluate.evaluate_films(finder, network, films)
            table["variants"][name]["both"] = evaluate.summarise(rows, len(off))
        print(name, json.dumps(table["variants"][name]), f"{time.time() - started:.0f}s", flush=True)
        with open(OUT, "w") as f:
            json.dump(table, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
