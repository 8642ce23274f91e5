"""Films and labels of every source in one form, the split, and the placement of a film in the finder's canvas."""
import csv
import glob
import json
import os

import cv2
import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.environ.get("OSTEOTRIAGE_DATA", "/work/shared/data")
COLUMNS, ROWS = 384, 448
NAMES = ("superiorAnterior", "superiorMiddle", "superiorPosterior", "inferiorAnterior", "inferiorMiddle", "inferiorPosterior")
CORNERS = [0, 2, 3, 5]
WEIGHTS = {"good": 1.0, "fair": 0.7, "poor": 0.3}
LEVELS = [f"T{n}" for n in range(1, 13)] + [f"L{n}" for n in range(1, 6)]
DISC = 0.3


def read_folds():
    """The split of the kauh films that was written before any training."""
    with open(f"{HERE}/folds.json") as f:
        return json.load(f)["folds"]


def grey_of(path):
    """A picture as 8-bit grey."""
    return cv2.imread(path, cv2.IMREAD_GRAYSCALE)


def paint_over_dots(image):
    """The remnants of the overlay (specks far brighter than what is round them) replaced by their surroundings."""
    sharp = image.astype(np.int16) - cv2.medianBlur(image, 7)
    # A bright endplate outlives an opening along some direction; a speck does not.
    lines = [np.zeros((9, 9), np.uint8) for _ in range(8)]
    for k, line in enumerate(lines):
        step = 4 * np.array([np.cos(k * np.pi / 8), np.sin(k * np.pi / 8)])
        cv2.line(line, tuple(int(v) for v in np.round(4 - step)), tuple(int(v) for v in np.round(4 + step)), 1)
    opened = np.max([cv2.morphologyEx(image, cv2.MORPH_OPEN, line) for line in lines], 0)
    speck = image.astype(np.int16) - opened
    noise = cv2.boxFilter(np.abs(sharp).astype(np.float32), -1, (41, 41))
    dots = (speck > np.maximum(12, 5 * noise)) | ((sharp > np.maximum(30, 6 * noise)) & (image > 190))
    count, parts, stats, _ = cv2.connectedComponentsWithStats(dots.astype(np.uint8), connectivity=8)
    small = np.zeros(count, np.uint8)
    small[1:] = (stats[1:, cv2.CC_STAT_AREA] <= 150).astype(np.uint8)
    mask = cv2.dilate(small[parts], np.ones((3, 3), np.uint8))
    return cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)


def height_of(points):
    """Mean distance between the endplates' corners."""
    return float(np.mean([np.hypot(*(points[3] - points[0])), np.hypot(*(points[5] - points[2]))]))


def width_of(points):
    """Mean of the superior and inferior anterior-posterior distances."""
    return float(np.mean([np.hypot(*(points[2] - points[0])), np.hypot(*(points[5] - points[3]))]))


def frame_of(points):
    """Centre of the corners, unit vectors anterior to posterior and downwards, width and height of a body."""
    centre = points[CORNERS].mean(0)
    along = (points[2] - points[0]) + (points[5] - points[3])
    u = along / max(np.hypot(*along), 1e-6)
    v = np.array([-u[1], u[0]])
    if (points[3] + points[5] - points[0] - points[2]) @ v < 0:
        v = -v
    return centre, u, v, width_of(points), height_of(points)


def strip(start, direction, length, half_width):
    """A quadrilateral from a point along a direction."""
    side = np.array([-direction[1], direction[0]]) * half_width
    end = start + direction * length
    return np.array([start - side, start + side, end + side, end - side])


def unlabelled_strips(bodies, image_height):
    """Where a find must not be punished: above the topmost label, at levels between labels, and below the lowest above S1."""
    strips = []
    frames = [frame_of(b["points"]) for b in bodies]
    centres = np.array([f[0] for f in frames])
    up = centres[0] - centres[min(1, len(bodies) - 1)]
    up = -frames[0][2] if len(bodies) < 2 else 0.5 * up / np.hypot(*up) - 0.5 * frames[0][2]
    up = up / np.hypot(*up)
    strips.append(strip(centres[0] + up * 0.6 * frames[0][4], up, image_height, 1.15 * frames[0][3]))
    for k in range(len(bodies) - 1):
        if LEVELS.index(bodies[k + 1]["level"]) - LEVELS.index(bodies[k]["level"]) > 1:
            along = centres[k + 1] - centres[k]
            length = np.hypot(*along)
            along = along / length
            h = frames[k][4]
            strips.append(strip(centres[k] + along * 0.6 * h, along, length - 1.2 * h, frames[k][3]))
    missing = LEVELS.index("L5") - LEVELS.index(bodies[-1]["level"])
    if missing > 0:
        down, h = frames[-1][2], frames[-1][4]
        strips.append(strip(centres[-1] + down * 0.6 * h, down, (missing + 1.2) * (1 + DISC) * h, 1.3 * frames[-1][3]))
    return strips


def sacrum_of(bodies):
    """Middle of the upper endplate of S1, guessed from L5 by a usual disc height; None where L5 has no label."""
    if bodies[-1]["level"] != "L5":
        return None
    _, _, v, _, h = frame_of(bodies[-1]["points"])
    return bodies[-1]["points"][4] + v * 0.28 * h


def labelled_film(path, line, kind, weight=1.0):
    """A real film with hand labels."""
    image = grey_of(path)
    if kind == "buu":
        image = paint_over_dots(image)
    bodies = [{"level": v["level"], "points": np.array([v["pointsPx"][n] for n in NAMES], float), "whole": True,
               "weight": weight * WEIGHTS[v["quality"]], "quality": v["quality"]} for v in line["vertebrae"]]
    return {"id": line["file"], "kind": kind, "image": image, "facing": line["facing"], "bodies": bodies,
            "sacrum": sacrum_of(bodies), "ignored": unlabelled_strips(bodies, image.shape[0]),
            "places": [(c, h) for c, h in unlabelled_of(line["file"]) if 0.6 * h < c[1] < image.shape[0] - 0.6 * h]}


def unlabelled_of(name):
    """Centres and heights of whole bodies that can be seen but have no six points: taught as places only."""
    for line in read_lines(f"{HERE}/labels/visible-unlabelled.jsonl"):
        if line["file"] == name:
            return [(np.array(b["centrePx"], float), float(b["heightPx"])) for b in line["bodies"]
                    if not b["note"].startswith("S1")]
    return []


def read_lines(path):
    """The objects of a file with one JSON object a line; none if there is no such file."""
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [json.loads(line) for line in f if line.strip()]


def read_spine_films():
    """The 46 lateral films."""
    films = []
    for line in read_lines(f"{DATA}/spine-lateral/labels.jsonl"):
        kind = "buu" if line["file"].startswith("buu") else "kauh"
        films.append(labelled_film(f"{DATA}/spine-lateral/images/{line['file']}", line, kind))
    return films


def read_chest_films(split):
    """The lateral chest films of a split that have labels; the chain goes on below and above them."""
    films = []
    for line in read_lines(f"{HERE}/labels/lateral-chest.jsonl"):
        if line.get("split") == split and line["vertebrae"]:
            film = labelled_film(f"{DATA}/chest/lateral/{line['file']}", line, "chest", 0.8)
            films.append(film)
    return films


def in_order(corners):
    """Whether 17 x 4 corners go down the film with left left of right and top above bottom."""
    tops, bottoms = corners[:, :2, 1].mean(1), corners[:, 2:, 1].mean(1)
    heights = bottoms - tops
    left_of = (corners[:, 0, 0] < corners[:, 1, 0]).all() and (corners[:, 2, 0] < corners[:, 3, 0]).all()
    steps = np.diff((tops + bottoms) / 2)
    usual = np.median(heights)
    sane = (heights > 0.5 * usual).all() and (heights < 1.8 * usual).all() and (steps > 0.6 * usual).all()
    return left_of and sane


def read_frontal_films():
    """The frontal films whose corners are in order; middle points are unknown, `anterior` is the left side."""
    films = []
    with open(f"{DATA}/spine-frontal/landmarks.csv") as f:
        for row in csv.reader(f):
            if row[0] == "file":
                continue
            corners = np.array(row[1:], float).reshape(17, 4, 2)
            if not in_order(corners):
                continue
            bodies = []
            for level, (tl, tr, bl, br) in zip(LEVELS, corners):
                points = np.array([tl, [np.nan] * 2, tr, bl, [np.nan] * 2, br])
                bodies.append({"level": level, "points": points, "whole": True, "weight": 0.6})
            films.append({"id": row[0], "kind": "frontal", "image": grey_of(f"{DATA}/spine-frontal/images/{row[0]}"),
                          "facing": "left", "bodies": bodies, "sacrum": None,
                          "ignored": unlabelled_strips(bodies, 2000)[:1]})
    return films


def read_simulated_film(path):
    """One simulated film and its truth."""
    with open(path) as f:
        truth = json.load(f)
    image = cv2.imread(path[:-5] + ".png", cv2.IMREAD_UNCHANGED)
    if image.dtype != np.uint8:
        low, high = np.percentile(image, [0.2, 99.8])
        image = (np.clip((image - low) / max(high - low, 1), 0, 1) * 255).astype(np.uint8)
    bodies = [{"level": v["level"], "points": np.array([v["pointsPx"][n] for n in NAMES], float), "weight": 1.0,
               "whole": bool(v["visible"] and v["wholeInPicture"]), "truth": v} for v in truth["vertebrae"]]
    # T1 to T3 lie under the shoulders: neither taught nor punished.
    under = [b["points"][[0, 2, 5, 3]] for b in bodies if b["level"] in ("T1", "T2", "T3")]
    bodies = [b for b in bodies if b["level"] not in ("T1", "T2", "T3")]
    sacrum = truth["sacrumPx"]
    return {"id": os.path.basename(path)[:-5], "kind": "simulated", "image": image, "facing": truth["facing"],
            "bodies": bodies, "sacrum": None if sacrum is None else np.array(sacrum, float), "ignored": under}


def read_simulated_films(folder, limit=None):
    """The simulated films of a folder of build/."""
    return [read_simulated_film(p) for p in sorted(glob.glob(f"{HERE}/build/{folder}/*.json"))[:limit]
            if os.path.exists(p[:-5] + ".png")]


def rescaled(film, s):
    """The same film in another size."""
    rows, columns = film["image"].shape
    size = (max(1, int(columns * s + 0.5)), max(1, int(rows * s + 0.5)))
    by = np.array([size[0] / columns, size[1] / rows])
    flags = cv2.INTER_AREA if s < 1 else cv2.INTER_LINEAR
    move = lambda p: (p + 0.5) * by - 0.5
    return {**film, "image": cv2.resize(film["image"], size, interpolation=flags), "scale": by,
            "bodies": [{**b, "points": move(b["points"])} for b in film["bodies"]],
            "sacrum": None if film["sacrum"] is None else move(film["sacrum"]), "ignored": [move(p) for p in film["ignored"]],
            "places": [(move(c), h * by[1]) for c, h in film.get("places", [])]}


def letterbox(image, columns=COLUMNS, rows=ROWS):
    """Percentile-normalised film, area-averaged into the middle of a black canvas, with scale and offset; as the service does."""
    low, high = np.percentile(image, [1, 99.5])
    film = np.clip((image.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1)
    s = min(columns / image.shape[1], rows / image.shape[0])
    width, height = int(image.shape[1] * s + 0.5), int(image.shape[0] * s + 0.5)
    left, top = (columns - width) // 2, (rows - height) // 2
    canvas = np.zeros((rows, columns), np.float32)
    flags = cv2.INTER_AREA if s < 1 else cv2.INTER_LINEAR
    canvas[top:top + height, left:left + width] = cv2.resize(film, (width, height), interpolation=flags)
    return canvas, np.array([width / image.shape[1], height / image.shape[0]]), np.array([left, top])
