#!/usr/bin/python3
"""Draw the films to be traced: thirteen of each fold, the folds in turn, and which twenty are traced twice.

  draw_tracing_films.py > tracing-films.json
"""
import json
import random
from pathlib import Path

SEED, FILMS_PER_FOLD, REPEATS_PER_FOLD, REPEAT_AMONG_FIRST = 61122, 13, 4, 10


def main():
    folds = json.loads((Path(__file__).parents[1] / "folds.json").read_text())["folds"]
    source = random.Random(SEED)
    drawn = [source.sample(sorted(fold), FILMS_PER_FOLD) for fold in folds]
    films = [fold[turn] for turn in range(FILMS_PER_FOLD) for fold in drawn]
    repeats = [film for fold in drawn for film in source.sample(fold[:REPEAT_AMONG_FIRST], REPEATS_PER_FOLD)]
    source.shuffle(repeats)
    print(json.dumps({"seed": SEED, "films": films, "repeated": repeats}))


if __name__ == "__main__":
    main()
