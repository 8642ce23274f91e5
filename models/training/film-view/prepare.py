"""List the films with their view and fold, once, and read them small enough to train on."""
import glob
import hashlib
import json
import os
import re

import cv2
import numpy as np

DATA = os.environ.get("OSTEOTRIAGE_DATA", "/work/shared/data")
HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = f"{HERE}/build"
FOLDS = f"{HERE}/folds/folds.json"
FOLD_SEED = 20261122
SIDE = 128
CACHE_SIDE = 256
VIEWS = ["panoramic", "spine-lateral", "spine-frontal", "chest-frontal", "chest-lateral", "other"]
FOLDERS = {"panoramic": "panoramic/images", "spine-lateral": "spine-lateral/images",
           "spine-frontal": "spine-frontal/images", "chest-frontal": "chest/frontal", "chest-lateral": "chest/lateral"}
SIMULATED, SIMULATED_MAX = ("spine-lateral", "chest-lateral"), 80
# Each picture once, however many files hold it. 966_fixed and RG1_J2KI are MONOCHROME1.
DICOM = {"chest-frontal": ["pylibjpeg-data/966_fixed", "pylibjpeg-data/RG1_J2KI",
                           "torchxrayvision/1.2.276.0.7230010.3.1.4.8323329.6904.1517875201.850819"],
         "other": ["cornerstone/CTImage", "pydicom/693_J2KI", "pydicom/CT_small", "pydicom/J2K_pixelrep_mismatch",
                   "pydicom/ExplVR_BigEnd", "pydicom/JPEG2000", "pydicom/JPEG-lossy", "pydicom/MR_small",
                   "pydicom/examples_overlay", "pydicom/examples_jpeg2k", "pydicom/examples_ybr_color"]}
PATTERNS = ["pydicom-data/mlut_18", "pydicom/GDCMJ2K_TextGBR", "pydicom/SC_rgb_gdcm_KY", "pydicom/image_dfl",
            "pydicom/SC_jpeg_no_color_transform", "pydicom/SC_jpeg_no_color_transform_2", "pydicom/SC_rgb_small_odd"]
# Films that look like one patient although their names do not say so (the pictures agree, or nearly).
ALIKE = [["35AF5C3B", "D5ACAA93"], ["000009-5", "000017-1", "000025-1"], ["JPEG2000", "JPEG-lossy"],
         ["Jan-2017-238", "Jan-2017-239"], ["Jul-2016-5 ", "coronal"], ["Jul-2016-48 ", "coronal"],
         ["Nov-2016-141", "Jul-2016-77"], ["Nov-2016-153", "Jul-2016-78"]]


def group_of(path):
    """What must not be split over folds: a patient as far as names and looks show it."""
    name = os.path.basename(path)
    for alike in ALIKE:
        if any(part in name for part in alike):
            return alike[-1]
    if "chest/lateral/0000" in path:
        return name.split("-")[0]
    # Letters after a number, and other dates of the number, count as the same patient.
    number = re.search(r"-(\d+) [A-Z]* ?AP", name)
    return f"spine-{number.group(1)}" if number else name


def spine_fold(path):
    """The films of the vertebrae's validation keep the fold that they have there."""
    with open(f"{HERE}/../vertebrae/folds.json") as f:
        folds = json.load(f)["folds"]
    return next((k for k, films in enumerate(folds) if os.path.basename(path) in films), None)


def write_folds():
    """Split the films once, before any training: by group, each view as evenly as the groups allow."""
    rng = np.random.RandomState(FOLD_SEED)
    films = [(p[len(DATA) + 1:], view) for view, folder in FOLDERS.items() for p in sorted(glob.glob(f"{DATA}/{folder}/*"))]
    films += [(f"dicom/{name}.dcm", view) for view, names in DICOM.items() for name in names]
    films += [(f"dicom/{name}.dcm", "pattern") for name in PATTERNS]
    rows = []
    for view in [*VIEWS, "pattern"]:
        groups = {}
        for path, _ in [f for f in films if f[1] == view]:
            groups.setdefault(group_of(path), []).append(path)
        counts = np.zeros(5)
        names = [list(groups)[i] for i in rng.permutation(len(groups))]
        for name in sorted(names, key=lambda n: -len(groups[n])):
            fold = spine_fold(groups[name][0])
            fold = int(counts.argmin()) if fold is None else fold
            counts[fold] += len(groups[name])
            rows += [{"path": p, "view": view, "fold": fold} for p in groups[name]]
    rows.sort(key=lambda r: ([*VIEWS, "pattern"].index(r["view"]), r["path"]))
    lines = ",\n".join("  " + json.dumps(r) for r in rows)
    with open(FOLDS, "w") as f:
        f.write(f'{{\n "seed": {FOLD_SEED},\n "films": [\n{lines}\n ]\n}}\n')


def read_folds():
    """Every film with its view and fold."""
    if not os.path.exists(FOLDS):
        write_folds()
    with open(FOLDS) as f:
        return json.load(f)["films"]


def read_small(path):
    """A picture's grey values 0 to 255, its longer side at most CACHE_SIDE; kept in build/small, as each fold reads them."""
    kept = f"{BUILD}/small/{hashlib.sha1(path.encode()).hexdigest()}.npy"
    if not os.path.exists(kept):
        os.makedirs(f"{BUILD}/small", exist_ok=True)
        np.save(kept, shrink(path))
    return np.load(kept)


def shrink(path):
    """The same, from the picture itself; a few of its darkest and brightest pixels do not set its greys."""
    grey = cv2.imread(path, cv2.IMREAD_UNCHANGED)
    if grey.ndim == 3:
        grey = cv2.cvtColor(grey[..., :3], cv2.COLOR_BGR2GRAY)
    low, high = np.percentile(grey, [0.2, 99.9])
    grey = np.clip((grey.astype(np.float32) - low) / max(high - low, 1e-6), 0, 1) * 255
    zoom = min(1.0, CACHE_SIDE / max(grey.shape))
    size = (max(2, round(grey.shape[1] * zoom)), max(2, round(grey.shape[0] * zoom)))
    return cv2.resize(grey, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def read_films(keep):
    """The small pictures of the films that `keep` wants, by view; DICOM files as scripts/evaluate-view.ts exported them."""
    films = {view: [] for view in [*VIEWS, "pattern"]}
    for row in read_folds():
        if keep(row):
            path = f"{DATA}/{row['path']}"
            if path.endswith(".dcm"):
                path = f"{BUILD}/dicom/{os.path.basename(path)}.png"
            films[row["view"]].append(read_small(path))
    return films


def read_drawn():
    """Pictures that were drawn: phantoms by view, hands and wedges as other, simulated lateral films where there are any."""
    drawn = {view: [] for view in VIEWS}
    for path in sorted(glob.glob(f"{BUILD}/phantoms/*.png")):
        name = os.path.basename(path)
        if name.startswith("phantom-"):
            drawn["panoramic"].append(read_small(path))
        elif "hand" in name or "wedge" in name:
            drawn["other"].append(read_small(path))
    for path in sorted(glob.glob(f"{HERE}/../vertebrae/build/sim/**/*.json", recursive=True)):
        with open(path) as f:
            kind = json.load(f).get("kind")
        if kind in SIMULATED and len(drawn[kind]) < SIMULATED_MAX and os.path.exists(path[:-5] + ".png"):
            drawn[kind].append(read_small(path[:-5] + ".png"))
    return drawn


def read_masks(fold):
    """The panoramic films' masks that are not held out, as pictures that are no film."""
    rows = [r for r in read_folds() if r["view"] == "panoramic" and r["fold"] != fold]
    return [read_small(f"{DATA}/{r['path'].replace('images', 'mask-expert1')}") for r in rows[::3]]


if __name__ == "__main__":
    write_folds()
