"""Write the strips that the profile reader learns from: traced, read by the rule on other places, and phantoms."""
import glob
import json
import os
import sys

import cv2
import numpy as np

from strips import (CONTOUR, HERE, LABELS, MM_PER_PX, choose_by_rule, cut_wide, even_path, foot_of, normal_at, pair_of,
                    read_film, read_folds, read_tracings, rule_strip, smooth_path, trace_tool)

BUILD = f"{HERE}/build"
STEP_BESIDE_MM, BESIDE = 3, range(-3, 6)


def traced_border(row, film):
    """The tracer's own border of reading 1, None for the mirrored second reading."""
    if row["reading"] != "1":
        return None
    point = trace_tool.read_rows("tracing-points.csv", 1)[row["film"], row["side"]]
    pairs = [tuple(float(value) for value in pair.split(":")) for pair in point["borderPoints"].split()]
    return even_path(trace_tool.snap_border(film, sorted(pairs)))


def depths_of(row, path, foot):
    """Traced outer edge, margin and the other margin as depths below a path, in millimetres; NaN for no other margin."""
    normal = normal_at(path, np.array(foot))
    outer, inner = (float((pair_of(row, name) - path[foot]) @ normal) for name in ("outer", "inner"))
    other = outer + float(row["otherWidthPx"]) if row["otherWidthPx"] and row["nearDecision"] == "1" else np.nan
    return np.array([outer, inner, other]) * MM_PER_PX


def traced_samples(borders):
    """Each tracing on the tracer's border and on the model's."""
    for row in read_tracings():
        if not row["widthPx"]:
            continue
        film, side = read_film(row["film"]), row["side"]
        paths = {"tracer": traced_border(row, film), "model": smooth_path(borders[row["film"]]["border"])}
        for source, path in paths.items():
            foot = None if path is None else foot_of(path, pair_of(row, "foramen"))
            if foot is None:
                continue
            wide = cut_wide(film, path, foot, 1 if side == "L" else -1)
            weight = 0.5 if row["quality"] == "poor" else 1.0
            yield {"film": int(row["film"]), "side": side, "source": source, "depths": depths_of(row, path, foot),
                   "weight": weight, "wide": wide}


def ruled_samples(borders):
    """What the rule reads every 3 mm around the model's foramen, on every film."""
    for number, known in borders.items():
        film, path = read_film(number), smooth_path(known["border"])
        for side in "RL":
            distal = 1 if side == "L" else -1
            foot = foot_of(path, known["foramen"][side][:2])
            for step in BESIDE if foot is not None else ():
                at = int(round(foot + distal * step * STEP_BESIDE_MM / MM_PER_PX))
                if not 60 < at < len(path) - 60:
                    continue
                outer, _, _, candidates = rule_strip(film, path, at, distal)
                chosen = choose_by_rule(candidates)
                if chosen is None or not -1.5 < outer * MM_PER_PX < 2.5:
                    continue
                width = candidates[chosen][0]
                depths = np.array([outer, outer + width, np.nan]) * MM_PER_PX
                if 1.0 < width * MM_PER_PX < 8.5:
                    yield {"film": int(number), "side": side, "source": "rule", "depths": depths, "weight": 1.0,
                           "wide": cut_wide(film, path, at, distal)}


def phantom_samples(folder):
    """Rendered films whose margin is known where the foramen is."""
    for path in sorted(glob.glob(f"{folder}/phantom-*.json")):
        with open(path) as handle:
            truth = json.load(handle)["truth"]
        film = cv2.imread(path[:-5] + ".png", cv2.IMREAD_UNCHANGED).astype(np.float32) / 256
        line = even_path(truth["borderPx"])
        for side in truth["sides"]:
            foot = foot_of(line, side["foramenPx"])
            if foot is None or not 0 <= side["foramenPx"][0] < film.shape[1]:
                continue
            scale = truth["mmPerPx"]
            wide = cut_wide(film, line, foot, 1 if side["side"] == "L" else -1, scale)
            yield {"film": -1, "side": side["side"], "source": "phantom", "weight": 1.0, "wide": wide,
                   "depths": np.array([0.0, side["mcwMm"], np.nan])}


def main():
    borders_path, phantoms = sys.argv[1], sys.argv[2]
    cv2.setNumThreads(1)
    with open(borders_path) as handle:
        borders = json.load(handle)
    folds = {film: k for k, films in enumerate(read_folds()) for film in films}
    samples = [*traced_samples(borders), *ruled_samples(borders), *phantom_samples(phantoms)]
    os.makedirs(BUILD, exist_ok=True)
    np.savez(f"{BUILD}/strips.npz", wide=np.stack([each["wide"] for each in samples]).astype(np.float16),
             depths=np.stack([each["depths"] for each in samples]).astype(np.float32),
             weight=np.array([each["weight"] for each in samples], np.float32),
             film=np.array([each["film"] for each in samples]), source=np.array([each["source"] for each in samples]),
             side=np.array([each["side"] for each in samples]),
             fold=np.array([folds.get(each["film"], -1) for each in samples]))
    print({name: sum(each["source"] == name for each in samples) for name in ("tracer", "model", "rule", "phantom")})


if __name__ == "__main__":
    main()
