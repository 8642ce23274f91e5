"""What each source adds: the same short schedule with and without it, judged on the twelve films of folds 0 and 1."""
import argparse
import json
import os
import time

import cv2
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
VARIANTS = {"real": (True, False, False), "real+frontal": (True, True, False), "real+simulated": (True, False, True),
            "real+frontal+simulated": (True, True, True), "simulated": (False, False, True)}


def taught(network, cache, lesson, sources, steps, rate):
    """A network taught in both lessons with some of the sources, for a fixed number of steps in all."""
    real, frontal, simulated = sources
    with open(os.devnull, "w") as log:
        first = schedule.first_lesson(cache, simulated, frontal, real)
        if not real:
            return schedule.train(network, first, lesson, {"steps": steps}, rate, 1, log, True)
        network = schedule.train(network, first, lesson, {"steps": steps // 2}, rate, 1, log, True)
        return schedule.train(network, schedule.second_lesson(cache, schedule.SHIPPED, simulated), lesson,
                              {"steps": steps - steps // 2}, rate * 0.6, 1, log)


def main():
    """Trains and judges one variant after another and writes the table after each."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--finder-steps", type=int, default=200)
    parser.add_argument("--points-steps", type=int, default=260)
    parser.add_argument("--variants", nargs="*", default=list(VARIANTS))
    options = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    films = [f for f in prepare.read_spine_films() if f["id"] in schedule.held_out(schedule.SHIPPED)]
    table = {"films": len(films), "finderSteps": options.finder_steps, "pointsSteps": options.points_steps, "variants": {}}
    if os.path.exists(OUT):
        with open(OUT) as f:
            table["variants"] = json.load(f)["variants"]
    for name in options.variants:
        started = time.time()
        torch.manual_seed(1)
        finder = taught(VertebraFinder().to(memory_format=torch.channels_last), canvases.cache_film,
                        (train_finder.example, train_finder.losses, train_finder.BATCH), VARIANTS[name], options.finder_steps, 3e-3)
        network = taught(VertebraPoints().to(memory_format=torch.channels_last), crops.cache_film,
                         (train_points.example, train_points.losses, train_points.BATCH), VARIANTS[name], options.points_steps, 3e-3)
        rows, off = evaluate.evaluate_films(finder, network, films)
        table["variants"][name] = evaluate.summarise(rows, len(off))
        print(name, json.dumps(table["variants"][name]), f"{time.time() - started:.0f}s", flush=True)
        with open(OUT, "w") as f:
            json.dump(table, f, indent=1)
            f.write("\n")


if __name__ == "__main__":
    main()
