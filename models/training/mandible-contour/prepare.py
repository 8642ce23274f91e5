"""Read the films, bring them to the model's 768 x 320 letterbox, and derive the border's labels from the masks."""
import csv
import glob
import json
import os

import cv2
import numpy as np

DATA = os.environ.get("OSTEOTRIAGE_DATA", "/work/shared/data")
HERE = os.path.dirname(os.path.abspath(__file__))
PHANTOMS = f"{HERE}/build/phantoms"
COLUMNS, ROWS = 768, 320
CACHE_ZOOM = 1.25
FOLDS = 5
FOLD_SEED = 20261122


def film_ids():
    """Every panoramic film's number, ascending."""
    paths = glob.glob(f"{DATA}/panoramic/images/*.png")
    return sorted(int(os.path.basename(p)[:-4]) for p in paths)


def write_folds(path=f"{HERE}/folds.json"):
    """Split the films once, before any training, and write the split down."""
    ids = np.array(film_ids())
    order = np.random.RandomState(FOLD_SEED).permutation(ids)
    folds = [sorted(int(i) for i in order[k::FOLDS]) for k in range(FOLDS)]
    with open(path, "w") as f:
        json.dump({"seed": FOLD_SEED, "folds": folds}, f, indent=1)
        f.write("\n")
    return folds


def read_folds(path=f"{HERE}/folds.json"):
    """The split that was written before training."""
    with open(path) as f:
        return json.load(f)["folds"]


def normalise(film):
    """Percentile 1 to 0, percentile 99.5 to 1, clipped."""
    low, high = np.percentile(film, [1, 99.5])
    return np.clip((film.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1).astype(np.float32)


def place(rows, columns, zoom=1.0):
    """Scale and placement of a film in the (zoomed) canvas: s, width, height, left, top."""
    canvas_columns, canvas_rows = int(COLUMNS * zoom), int(ROWS * zoom)
    s = min(canvas_columns / columns, canvas_rows / rows)
    width, height = int(columns * s + 0.5), int(rows * s + 0.5)
    return s, width, height, (canvas_columns - width) // 2, (canvas_rows - height) // 2


def letterbox(film, zoom=1.0):
    """The film area-averaged into the canvas, and its placement."""
    film = normalise(film)
    rows, columns = film.shape
    _, width, height, left, top = place(rows, columns, zoom)
    canvas = np.zeros((int(ROWS * zoom), int(COLUMNS * zoom)), np.float32)
    canvas[top:top + height, left:left + width] = cv2.resize(film, (width, height), interpolation=cv2.INTER_AREA)
    # The rounded width and height make the scale of the two axes differ by a hair; labels follow each axis.
    return canvas, (np.array([width / columns, height / rows]), np.array([left, top]))


def outline_of(mask):
    """The mask's lower outline: for every column the row of its lowest pixel's lower edge (film pixels), else NaN."""
    inside = mask > 127
    has = inside.any(0)
    lowest = mask.shape[0] - 1 - np.argmax(inside[::-1], 0)
    return np.where(has, lowest.astype(np.float32), np.nan)


def body_columns(outline):
    """First and last column of the body: from the middle outwards until the outline climbs steeper than 50 degrees."""
    xs = np.where(np.isfinite(outline))[0]
    y = np.interp(np.arange(len(outline)), xs, outline[xs])
    y = cv2.GaussianBlur(y.reshape(1, -1).astype(np.float32), (0, 0), 8, borderType=cv2.BORDER_REPLICATE)[0]
    slope = np.abs(np.gradient(y))
    middle = (xs[0] + xs[-1]) // 2
    steep = slope > 1.2
    left = middle
    while left > xs[0] and not steep[left]:
        left -= 1
    right = middle
    while right < xs[-1] and not steep[right]:
        right += 1
    return int(left), int(right)


def read_film(number):
    """One film with both experts' outlines (film pixels) and the body's columns."""
    image = cv2.imread(f"{DATA}/panoramic/images/{number}.png", cv2.IMREAD_GRAYSCALE)
    outlines = [outline_of(cv2.imread(f"{DATA}/panoramic/mask-expert{e}/{number}.png", cv2.IMREAD_GRAYSCALE))
                for e in (1, 2)]
    bodies = [body_columns(o) for o in outlines]
    left = min(b[0] for b in bodies)
    right = max(b[1] for b in bodies)
    return {"id": number, "image": image, "outlines": outlines, "body": (left, right)}


def read_foramina(folder=f"{HERE}/labels"):
    """Mental foramen labels: {film: {side: (x, y, visibility)}}; a site without one takes the mean of its tracings."""
    labels = {}
    for row in read_table(f"{folder}/mental-foramen.csv"):
        if row["xPx"] and row["yPx"]:
            labels.setdefault(int(row["film"]), {})[side_name(row)] = (float(row["xPx"]), float(row["yPx"]), row["visibility"])
    traced = {}
    for row in read_table(f"{folder}/cortical-tracings.csv"):
        if row["foramenX"] and row["foramenY"] and side_name(row) not in labels.get(int(row["film"]), {}):
            traced.setdefault((int(row["film"]), side_name(row)), []).append(row)
    for (film, side), rows in traced.items():
        x, y = (float(np.mean([float(row[k]) for row in rows])) for k in ("foramenX", "foramenY"))
        labels.setdefault(film, {})[side] = (x, y, rows[0]["foramenVisibility"])
    return labels


def read_table(path):
    """The rows of a CSV file without its comments."""
    with open(path) as f:
        return list(csv.DictReader(line for line in f if not line.startswith("#")))


def side_name(row):
    """The patient's side of a label."""
    return "right" if row["side"].lower().startswith("r") else "left"


def read_phantoms():
    """Synthetic films rendered for training (seeds from 1000 on), as films with foramina; none if not rendered."""
    films = []
    for path in sorted(glob.glob(f"{PHANTOMS}/phantom-*.json")):
        with open(path) as f:
            truth = json.load(f)["truth"]
        image = cv2.imread(path[:-5] + ".png", cv2.IMREAD_UNCHANGED)
        border = np.array(truth["borderPx"], np.float32)
        xs = np.arange(image.shape[1], dtype=np.float32)
        outline = np.where((xs >= border[0, 0]) & (xs <= border[-1, 0]), np.interp(xs, border[:, 0], border[:, 1]), np.nan)
        outline = np.where((outline >= 0) & (outline < image.shape[0] - 1), outline, np.nan).astype(np.float32)
        foramina = {}
        for side in truth["sides"]:
            x, y = side["foramenPx"]
            # A foramen that was cut away must not be found: its place is far outside the picture.
            inside = 0 <= x < image.shape[1] and 0 <= y < image.shape[0]
            foramina["right" if side["side"] == "R" else "left"] = (x if inside else -9999.0, y, "plain")
        films.append({"id": path, "image": image, "outlines": [outline, outline], "body": body_columns(outline),
                      "foramina": foramina})
    return films


def read_negatives():
    """Pictures that are no panoramic film, as grey arrays."""
    pictures = [cv2.imread(path, cv2.IMREAD_UNCHANGED) for path in sorted(glob.glob(f"{PHANTOMS}/other-*.png"))]
    for pattern in ("chest/frontal/*", "chest/lateral/*", "spine-lateral/images/*", "spine-frontal/images/*"):
        paths = sorted(glob.glob(f"{DATA}/{pattern}"))
        for path in paths[:: max(1, len(paths) // 60)]:
            picture = cv2.imread(path, cv2.IMREAD_GRAYSCALE)
            if picture is not None:
                pictures.append(picture)
    return pictures
