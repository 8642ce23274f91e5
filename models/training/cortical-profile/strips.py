"""Straightened strips of the inferior border with the depths that were traced on them, and what the written rule reads there."""
import json
import os
import sys

import cv2
import numpy as np
from scipy.ndimage import gaussian_filter1d, map_coordinates
from scipy.signal import savgol_filter

HERE = os.path.dirname(os.path.abspath(__file__))
CONTOUR = os.path.normpath(f"{HERE}/../mandible-contour")
LABELS = f"{CONTOUR}/labels"
# Only for this import: the contour's folder has files of the same names as this one.
kept = list(sys.path)
sys.path.insert(0, LABELS)
import trace_tool  # noqa: E402

sys.path[:] = kept

DATA = os.environ.get("OSTEOTRIAGE_DATA", "/work/shared/data")
MM_PER_PX = 0.0959
STEP_MM = 0.1
# What the network sees: 13 mm of depth, 3 of them outside the border, and 8 mm along it.
DEPTH_FROM_MM, DEPTHS, HALF_COLUMNS = -3.0, 131, 40
COLUMNS = 2 * HALF_COLUMNS + 1
# What is kept of each place: enough for every shift and change of size in training.
WIDE_FROM_MM, WIDE_DEPTHS, WIDE_HALF = -5.0, 211, 70
NORMAL_PX, COURSE_PX = 8, 179


def even_path(line):
    """A border of film points, left to right, with a point for every pixel of its length."""
    line = np.asarray(line, float)
    arc = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    even = np.arange(0, arc[-1])
    return np.column_stack([np.interp(even, arc, line[:, 0]), np.interp(even, arc, line[:, 1])])


def smooth_path(line):
    """The model's border as `src/measure/border-path.ts` lays it: the course of parabolas over 17 mm."""
    return even_path(savgol_filter(even_path(line), COURSE_PX, 2, axis=0))


def foot_of(path, point):
    """Index of the path below a foramen: where the chord of 8 mm is perpendicular to the line to it."""
    half = trace_tool.TANGENT_HALF_PX
    inside = np.arange(half, len(path) - half)
    inside = inside[np.abs(path[inside, 0] - point[0]) < 150]
    if not len(inside):
        return None
    chords = path[inside + half] - path[inside - half]
    chords /= np.hypot(*chords.T)[:, None]
    return int(inside[np.argmin(np.abs(np.einsum("ij,ij->i", np.asarray(point) - path[inside], chords)))])


def normal_at(path, index):
    """Unit normal of the path into the bone."""
    index = np.clip(index, NORMAL_PX, len(path) - 1 - NORMAL_PX)
    tangent = path[index + NORMAL_PX] - path[index - NORMAL_PX]
    tangent = tangent / np.hypot(*np.moveaxis(tangent, -1, 0))[..., None]
    return np.stack([tangent[..., 1], -tangent[..., 0]], -1)


def cut_wide(film, path, foot, distal, mm_per_px=MM_PER_PX):
    """The strip around a foot point, mesial to distal, depth downwards, a sample every 0.1 mm."""
    steps = np.arange(-WIDE_HALF, WIDE_HALF + 1) * STEP_MM / mm_per_px * (1 if distal > 0 else -1)
    indices = np.clip(foot + steps, NORMAL_PX, len(path) - 1 - NORMAL_PX)
    at = np.column_stack([np.interp(indices, np.arange(len(path)), path[:, k]) for k in (0, 1)])
    normals = normal_at(path, np.round(indices).astype(int))
    depths = (WIDE_FROM_MM + np.arange(WIDE_DEPTHS) * STEP_MM) / mm_per_px
    spots = at[None] + depths[:, None, None] * normals[None]
    return map_coordinates(film, [spots[..., 1], spots[..., 0]], order=1, mode="nearest").astype(np.float32)


def rule_strip(film, path, foot, distal):
    """What `trace_tool.py` reads: strip, profile, levels and candidates at a foot point of a path."""
    strip, positions = trace_tool.straighten(film, path, foot, distal)
    profile = gaussian_filter1d(strip[:, np.abs(positions) <= trace_tool.STRIP_HALF_PX].mean(axis=1), 1.0)
    outer, half, levels = trace_tool.profile_levels(profile)
    candidates = trace_tool.margin_candidates(strip, positions, profile, outer, levels[1], levels[2])
    return outer, half, levels, candidates


def choose_by_rule(candidates):
    """The candidate that the numbers of the rule choose, as its index, or None."""
    return next((i for i, (_, gap, share) in enumerate(candidates) if gap >= 0.5 and share >= 0.5), None)


def read_folds():
    """Films of each fold, the same as the contour's."""
    with open(f"{CONTOUR}/folds.json") as handle:
        return json.load(handle)["folds"]


def read_film(number):
    return cv2.imread(f"{DATA}/panoramic/images/{number}.png", 0).astype(np.float32)


def read_tracings():
    """The table of tracings, a dictionary a row."""
    import csv

    with open(f"{LABELS}/cortical-tracings.csv") as handle:
        return list(csv.DictReader(line for line in handle if not line.startswith("#")))


def pair_of(row, name):
    return np.array([float(row[f"{name}X"]), float(row[f"{name}Y"])])
