#!/usr/bin/python3
"""Montages of both mental regions for placing the mental foramen by eye, and for checking what was placed.

  label_foramen.py montage --films FOLDER --masks FOLDER --out FOLDER    crops with a grid in film pixels
  label_foramen.py verify  --films FOLDER --masks FOLDER --out FOLDER    the same crops with the labels drawn
  label_foramen.py check   --films FOLDER --masks FOLDER                 plausibility of every label

The pictures are made from films that are not ours: keep the output folder outside the repository.
"""
import argparse
import csv
from pathlib import Path

import cv2
import numpy as np

LABELS = Path(__file__).parent / "labels" / "mental-foramen.csv"
CROP_WIDTH_PX, CROP_HEIGHT_PX, SCALE = 600, 480, 0.66
COLUMNS, ROWS = 3, 3
VISIBILITIES = ("plain", "faint", "guess")
COLOURS = {"plain": (80, 255, 80), "faint": (0, 220, 255), "guess": (80, 80, 255)}


def lower_border(mask):
    """The lowest mandible row of every column (-1 where the mask has none)."""
    filled = mask > 0
    rows = mask.shape[0] - 1 - np.argmax(filled[::-1], axis=0)
    return np.where(filled.any(axis=0), rows, -1)


def crop_origin(border, side):
    """Top left corner of the crop: the mental region lies at about a third of the mandible's width."""
    columns = np.flatnonzero(border >= 0)
    left, right = int(columns[0]), int(columns[-1])
    centre = left + (right - left) * (0.345 if side == "R" else 0.655)
    x = int(centre - CROP_WIDTH_PX / 2)
    y = int(border[int(centre)] - 0.86 * CROP_HEIGHT_PX)
    return x, y


def flatten(crop):
    """Smooth away the finest trabeculae, take out the slow background, then a mild local equalisation."""
    smooth = cv2.GaussianBlur(crop.astype(np.float32), (0, 0), 3.0)
    background = cv2.GaussianBlur(smooth, (0, 0), 90.0)
    relative = np.log1p(smooth) - np.log1p(background)
    stretched = np.clip((relative + 0.45) / 0.85 * 255, 0, 255).astype(np.uint8)
    return cv2.createCLAHE(clipLimit=1.6, tileGridSize=(2, 2)).apply(stretched)


def draw_crop(film, name, side, origin, label=None):
    """One crop, contrast stretched, with ticks and faint dots on each 100 px of the film."""
    x0, y0 = origin
    x1, y1 = x0 + CROP_WIDTH_PX, y0 + CROP_HEIGHT_PX
    padded = cv2.copyMakeBorder(film, 600, 600, 600, 600, cv2.BORDER_CONSTANT, value=0)
    crop = padded[y0 + 600 : y1 + 600, x0 + 600 : x1 + 600]
    crop = flatten(crop)
    size = (int(CROP_WIDTH_PX * SCALE), int(CROP_HEIGHT_PX * SCALE))
    picture = cv2.cvtColor(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), cv2.COLOR_GRAY2BGR)
    place = lambda x, y: (int(round((x - x0) * SCALE)), int(round((y - y0) * SCALE)))
    for x in range(-(-x0 // 50) * 50, x1, 50):
        for y in range(-(-y0 // 50) * 50, y1, 50):
            major = x % 100 == 0 and y % 100 == 0
            cv2.circle(picture, place(x, y), 2 if major else 0, (0, 255, 255), -1)
    for x in range(-(-x0 // 100) * 100, x1, 100):
        cv2.putText(picture, str(x), (place(x, 0)[0] - 12, size[1] - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
    for y in range(-(-y0 // 100) * 100, y1, 100):
        cv2.putText(picture, str(y), (0, place(0, y)[1] + 4), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 255, 255), 1)
    cv2.putText(picture, f"{name}{side}", (34, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 200, 60), 2)
    if label is not None:
        centre = place(label[0], label[1])
        cv2.circle(picture, centre, int(24 * SCALE), COLOURS[label[2]], 1)
        cv2.circle(picture, centre, 1, COLOURS[label[2]], -1)
    cv2.rectangle(picture, (0, 0), (size[0] - 1, size[1] - 1), (90, 60, 0), 1)
    return picture


def read_labels():
    """The labels on disk: (film, side) to (x, y, visibility)."""
    if not LABELS.exists():
        return {}
    with LABELS.open() as handle:
        return {
            (row["film"], row["side"]): (float(row["xPx"]), float(row["yPx"]), row["visibility"])
            for row in csv.DictReader(handle)
        }


def film_names(folder):
    """Film numbers in numerical order."""
    return sorted((path.stem for path in Path(folder).glob("*.png")), key=int)


def write_montages(arguments, labels, only_labelled):
    """Sheets of nine crops, the sides of a film one after the other."""
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    tiles = []
    for name in film_names(arguments.films):
        film = cv2.imread(f"{arguments.films}/{name}.png", 0)
        border = lower_border(cv2.imread(f"{arguments.masks}/{name}.png", 0))
        for side in "RL":
            label = labels.get((name, side))
            if only_labelled and label is None:
                continue
            tiles.append(draw_crop(film, name, side, crop_origin(border, side), label))
    per_sheet = COLUMNS * ROWS
    for number in range(0, len(tiles), per_sheet):
        sheet = tiles[number : number + per_sheet]
        sheet += [np.zeros_like(tiles[0])] * (per_sheet - len(sheet))
        rows = [np.hstack(sheet[r * COLUMNS : (r + 1) * COLUMNS]) for r in range(ROWS)]
        cv2.imwrite(str(out / f"sheet-{number // per_sheet:02d}.png"), np.vstack(rows))
    print(len(tiles), "crops in", -(-len(tiles) // per_sheet), "sheets")


def check_labels(arguments, labels):
    """Print the counts and every label whose place relative to the outline is out of the ordinary."""
    counts = {kind: 0 for kind in VISIBILITIES}
    odd = []
    for (name, side), (x, y, visibility) in labels.items():
        counts[visibility] += 1
        border = lower_border(cv2.imread(f"{arguments.masks}/{name}.png", 0))
        columns = np.flatnonzero(border >= 0)
        share = (x - columns[0]) / (columns[-1] - columns[0])
        share = share if side == "R" else 1 - share
        above = border[int(round(x))] - y
        if not (0.25 <= share <= 0.43 and 90 <= above <= 250):
            odd.append(f"{name}{side}: share {share:.3f}, {above:.0f} px above the outline")
    print(len(labels), "sites on", len({name for name, _ in labels}), "films", counts)
    print("\n".join(odd))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("montage", "verify", "check"))
    parser.add_argument("--films", required=True)
    parser.add_argument("--masks", required=True)
    parser.add_argument("--out", default="/tmp/foramen")
    arguments = parser.parse_args()
    labels = read_labels()
    if arguments.action == "check":
        check_labels(arguments, labels)
    else:
        verify = arguments.action == "verify"
        write_montages(arguments, labels if verify else {}, verify)


if __name__ == "__main__":
    main()
