#!/usr/bin/python3
"""Sheets for tracing the mandibular cortical width by hand (TRACING_RULE.md), and the table made from what was read.

  trace_tool.py region --reading 1 --first 0 --count 9 --out sheet.png   mental regions with a grid in film pixels
  trace_tool.py strip  --reading 1 --first 0 --count 6 --out sheet.png   straightened strip and profile of each site
  trace_tool.py verify --reading 1 --first 0 --count 12 --out sheet.png  what was traced, drawn on the film
  trace_tool.py table                                                    cortical-tracings.csv on standard output
  trace_tool.py rule                                                     how often the reader chose what the rule's numbers choose

`tracing-points.csv` holds the reader's foramen and border points, `tracing-readings.csv` the depths and classes.
Reading 2 is shown mirrored, in another order and without the film's number; it is read in mirrored pixels.
The pictures are made from films that are not ours: keep the sheets outside the repository.
"""
import argparse
import csv
import json
import random
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator
from scipy.ndimage import gaussian_filter1d, map_coordinates

HERE = Path(__file__).parent
DATA = Path("/work/shared/data/panoramic")
sys.path.insert(0, str(HERE.parent))
from label_foramen import flatten, lower_border, read_labels  # noqa: E402

REGION_WIDTH_PX, REGION_HEIGHT_PX = 520, 430
MESIAL_PX, DISTAL_PX, DEPTH_FROM_PX, DEPTH_TO_PX = 45, 110, -40, 90
TANGENT_HALF_PX, STRIP_HALF_PX, SNAP_PX, STRIP_SCALE, OUTER_LEVEL = 42, 21, 12, 2, 0.2
YELLOW, GREEN, RED, CYAN = (0, 255, 255), (80, 255, 80), (80, 80, 255), (255, 200, 60)


def list_sites(reading):
    """(film, side) in the order in which they are read; the second reading has an order of its own."""
    plan = json.loads((HERE / "tracing-films.json").read_text())
    sites = [(str(film), side) for film in plan["films" if reading == 1 else "repeated"] for side in "RL"]
    if reading == 2:
        random.Random(plan["seed"] + 2).shuffle(sites)
    return sites


def load_film(site, reading):
    """The film as float32, mirrored for the second reading."""
    film = cv2.imread(str(DATA / "images" / f"{site[0]}.png"), 0).astype(np.float32)
    return film[:, ::-1].copy() if reading == 2 else film


def distal_sign(side, reading):
    """+1 where distal is towards larger columns of the picture that is shown."""
    return (1 if side == "L" else -1) * (1 if reading == 1 else -1)


def write_text(picture, words, place, colour=YELLOW, size=0.4):
    cv2.putText(picture, words, place, cv2.FONT_HERSHEY_SIMPLEX, size, colour, 1, cv2.LINE_AA)


def region_origin(site, film, reading):
    """Top left corner of the region: about a third of the mandible's width, for reading 2 shifted at random."""
    border = lower_border(cv2.imread(str(DATA / "mask-expert1" / f"{site[0]}.png"), 0))
    columns = np.flatnonzero(border >= 0)
    share = 0.335 if site[1] == "R" else 0.665
    centre = int(columns[0] + (columns[-1] - columns[0]) * share)
    x, y = centre - REGION_WIDTH_PX // 2, int(np.percentile(border[centre - 150 : centre + 150], 90)) - 370
    if reading == 2:
        source = random.Random("".join(site))
        x = film.shape[1] - 1 - (x + REGION_WIDTH_PX - 1) + source.randint(-35, 35)
        y += source.randint(-15, 25)
    return max(0, x), max(0, min(y, film.shape[0] - REGION_HEIGHT_PX))


def draw_region(site, number, reading, label):
    """The mental region with vertical lines every 80 px, ticks on them every 10 px, and the known foramen."""
    film = load_film(site, reading)
    x0, y0 = region_origin(site, film, reading)
    picture = cv2.cvtColor(flatten(film[y0 : y0 + REGION_HEIGHT_PX, x0 : x0 + REGION_WIDTH_PX]), cv2.COLOR_GRAY2BGR)
    height, width = picture.shape[:2]
    for x in range(-(-x0 // 80) * 80, x0 + width, 80):
        for y in range(-(-y0 // 10) * 10, y0 + height, 10):
            reach = 7 if y % 50 == 0 else 2
            cv2.line(picture, (x - x0 - reach, y - y0), (x - x0 + reach, y - y0), YELLOW if y % 50 == 0 else (0, 170, 170), 1)
        write_text(picture, str(x), (x - x0 - 12, height - 4))
    for y in range(-(-y0 // 50) * 50, y0 + height, 50):
        write_text(picture, str(y), (0, y - y0 + 4))
    name = f"{site[0]}{site[1]}" if reading == 1 else f"#{number}"
    write_text(picture, f"{name} {'distal>' if distal_sign(site[1], reading) > 0 else '<distal'}", (40, 16), CYAN, 0.55)
    if label is not None:
        cv2.circle(picture, (int(label[0]) - x0, int(label[1]) - y0), 16, GREEN, 1)
        write_text(picture, label[2], (int(label[0]) - x0 + 18, int(label[1]) - y0), GREEN)
    cv2.rectangle(picture, (0, 0), (width - 1, height - 1), (90, 60, 0), 1)
    return cv2.copyMakeBorder(picture, 0, REGION_HEIGHT_PX - height, 0, REGION_WIDTH_PX - width, cv2.BORDER_CONSTANT)


def read_rows(name, reading):
    """Rows of one reading, by (film, side)."""
    with (HERE / name).open() as handle:
        rows = csv.DictReader(line for line in handle if not line.startswith("#"))
        return {(row["film"], row["side"]): row for row in rows if int(row["reading"]) == reading}


def snap_border(film, points):
    """The border through the reader's points, each column moved to the steepest rise within reach, smoothed."""
    columns = np.arange(points[0][0], points[-1][0] + 1.0)
    rows = PchipInterpolator(*np.array(points).T)(columns)
    depths = np.arange(-SNAP_PX, SNAP_PX + 1)
    smooth = cv2.GaussianBlur(film, (0, 0), sigmaX=4, sigmaY=1.5)
    spots = [rows[None] - depths[:, None], np.repeat(columns[None], len(depths), 0)]
    column_profile = map_coordinates(smooth, spots, order=1, mode="nearest")
    rise = np.gradient(column_profile, axis=0) * np.exp(-0.5 * (depths[:, None] / 6.0) ** 2)
    found = rows - depths[np.argmax(rise, axis=0)]
    scaled = (columns - columns.mean()) / np.ptp(columns)
    weights = np.ones_like(found)
    for _ in range(8):
        fit = np.polyval(np.polyfit(scaled, found, 5, w=np.sqrt(weights)), scaled)
        weights = 1 / (1 + (np.abs(found - fit) / 1.5) ** 2)
    return np.column_stack([columns, fit])


def locate_site(line, foramen):
    """Arc length points of the border, the foot point's index, and unit tangent and inward normal there."""
    arc = np.concatenate([[0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))])
    even = np.arange(0, arc[-1])
    path = np.column_stack([np.interp(even, arc, line[:, 0]), np.interp(even, arc, line[:, 1])])
    inside = np.arange(TANGENT_HALF_PX, len(path) - TANGENT_HALF_PX)
    chords = path[inside + TANGENT_HALF_PX] - path[inside - TANGENT_HALF_PX]
    chords /= np.hypot(*chords.T)[:, None]
    along = np.einsum("ij,ij->i", foramen - path[inside], chords)
    best = int(np.argmin(np.abs(along)))
    tangent = chords[best]
    return path, int(inside[best]), tangent, np.array([tangent[1], -tangent[0]])


def straighten(film, path, foot, distal):
    """Strip with depth downwards (DEPTH_FROM..TO) and position along the border from MESIAL to DISTAL, and positions."""
    direction = 1 if distal > 0 else -1
    positions = np.arange(-MESIAL_PX, DISTAL_PX + 1)
    indices = foot + positions * direction
    known = (indices >= 8) & (indices < len(path) - 8)
    indices = np.clip(indices, 8, len(path) - 9)
    tangents = path[indices + 8] - path[indices - 8]
    tangents /= np.hypot(*tangents.T)[:, None]
    normals = np.column_stack([tangents[:, 1], -tangents[:, 0]])
    depths = np.arange(DEPTH_FROM_PX, DEPTH_TO_PX + 1)
    spots = path[indices][None] + depths[:, None, None] * normals[None]
    strip = map_coordinates(film, [spots[..., 1], spots[..., 0]], order=1, mode="nearest")
    strip[:, ~known] = 0
    return strip, positions


def profile_levels(profile):
    """Outer border and half-height of its slope (depths), outside, cortex and marrow levels of the rule."""
    at = lambda depth: int(round(depth)) - DEPTH_FROM_PX
    outside, half = profile[at(-36) : at(-5)].min(), 0.0
    for _ in range(2):
        cortex = profile[at(half + 5) : at(half + 41)].max()
        half = pass_outwards(profile, (outside + cortex) / 2, at(half + 5))
    outer = pass_outwards(profile, outside + OUTER_LEVEL * (cortex - outside), at(half) + 1)
    marrow = np.percentile(profile[at(half + 20) : at(min(half, 9) + 81)], 20)
    return outer, half, (outside, cortex, marrow)


def pass_outwards(profile, level, start):
    """Depth where the profile first falls below the level on the way out from `start`."""
    for i in range(start, 0, -1):
        if profile[i - 1] < level <= profile[i]:
            return i - 1 + DEPTH_FROM_PX + (level - profile[i - 1]) / (profile[i] - profile[i - 1])
    return float(start + DEPTH_FROM_PX)


def margin_candidates(strip, positions, profile, outer, cortex, marrow):
    """Every descending limb: half-height depth from the outer edge, depth of the gap after it, share of columns with it."""
    contrast = max(1.0, cortex - marrow)
    half = cortex - contrast / 2
    columns = gaussian_filter1d(strip, 2.0, axis=1)[:, np.abs(positions) <= STRIP_HALF_PX]
    start, candidates = int(round(outer)) - DEPTH_FROM_PX + 10, []
    turns = [i for i in range(start, len(profile) - 1) if (profile[i] - profile[i - 1]) * (profile[i + 1] - profile[i]) <= 0]
    turns = [start] + turns + [len(profile) - 1]
    for top, bottom in zip(turns, turns[1:]):
        if profile[top] - profile[bottom] < max(1.0, 0.15 * contrast):
            continue
        level = half if profile[top] > half > profile[bottom] else (profile[top] + profile[bottom]) / 2
        i = next(i for i in range(top, bottom) if profile[i] >= level > profile[i + 1])
        edge = i + (profile[i] - level) / (profile[i] - profile[i + 1]) + DEPTH_FROM_PX - outer
        zone = columns[max(0, bottom - 4) : bottom + 5].min(axis=0)
        candidates.append((edge, (cortex - profile[bottom]) / contrast, float(np.mean(zone < half))))
    return candidates


def trace_site(site, reading, points):
    """Everything that the strip of one site shows."""
    film = load_film(site, reading)
    row = points[site]
    foramen = np.array([float(row["foramenX"]), float(row["foramenY"])])
    border = [tuple(float(value) for value in pair.split(":")) for pair in row["borderPoints"].split()]
    line = snap_border(film, sorted(border))
    path, foot, tangent, normal = locate_site(line, foramen)
    strip, positions = straighten(film, path, foot, distal_sign(site[1], reading))
    profile = gaussian_filter1d(strip[:, np.abs(positions) <= STRIP_HALF_PX].mean(axis=1), 1.0)
    outer, half, levels = profile_levels(profile)
    return {
        "film": film, "foramen": foramen, "path": path, "foot": foot, "tangent": tangent, "normal": normal,
        "strip": strip, "positions": positions, "profile": profile, "outer": outer,
        "half": half, "levels": levels,
        "candidates": margin_candidates(strip, positions, profile, outer, levels[1], levels[2]),
    }


def draw_strip(site, number, reading, points):
    """Strip (depth from the outer edge in ticks), its profile with the levels, and the candidates in words."""
    traced = trace_site(site, reading, points)
    strip, profile, outer = traced["strip"], traced["profile"], traced["outer"]
    seen = strip[-DEPTH_FROM_PX - 10 :][strip[-DEPTH_FROM_PX - 10 :] > 0]
    low, high = np.percentile(seen, 1), np.percentile(seen, 99.7)
    stretched = np.clip((strip - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    picture = cv2.resize(stretched, None, fx=STRIP_SCALE, fy=STRIP_SCALE, interpolation=cv2.INTER_CUBIC)
    picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    row_of = lambda depth: int(round((depth + outer - DEPTH_FROM_PX + 0.5) * STRIP_SCALE))
    panel = np.zeros((picture.shape[0], 130, 3), np.uint8)
    outside, cortex, marrow = traced["levels"]
    bottom, top = profile.min(), profile.max()
    column_of = lambda value: int(5 + (value - bottom) / (top - bottom + 1e-6) * 115)
    shares = ((0.35, (60, 60, 60)), (0.5, (0, 150, 0)), (0.65, (60, 60, 60)), (0, (150, 80, 0)), (1, (150, 80, 0)))
    for share, colour in shares:
        column = column_of(marrow + share * (cortex - marrow))
        cv2.line(panel, (column, 0), (column, len(panel)), colour, 1)
    dots = [(column_of(value), int((i + 0.5) * STRIP_SCALE)) for i, value in enumerate(profile)]
    cv2.polylines(panel, [np.array(dots)], False, (255, 255, 255), 1, cv2.LINE_AA)
    for depth in range(0, DEPTH_TO_PX - 2, 10):
        for canvas, x in ((picture, 0), (panel, 0)):
            cv2.line(canvas, (x, row_of(depth)), (x + 8, row_of(depth)), YELLOW, 1)
        write_text(picture, str(depth), (10, row_of(depth) + 4))
    for position in (-STRIP_HALF_PX, 0, STRIP_HALF_PX):
        x = (position + MESIAL_PX) * STRIP_SCALE
        for y in range(0, len(picture), 24):
            cv2.line(picture, (x, y), (x, y + (6 if position == 0 else 2)), GREEN, 1)
    cv2.line(picture, (0, row_of(0)), (24, row_of(0)), RED, 1)
    name = f"{site[0]}{site[1]}" if reading == 1 else f"#{number}"
    words = " ".join(f"{edge:.1f}(g{100 * gap:.0f} s{100 * share:.0f})" for edge, gap, share in traced["candidates"][:5])
    heading = np.zeros((20, picture.shape[1] + 130, 3), np.uint8)
    write_text(heading, f"{name} {words}", (4, 14), CYAN, 0.36)
    return np.vstack([heading, np.hstack([picture, panel])])


def draw_verify(site, number, reading, points, readings):
    """26 x 20 mm of film with border, perpendicular, both margins and the width, twice enlarged."""
    traced = trace_site(site, reading, points)
    outer, inner = margin_points(traced, readings[site])
    x0, y0 = int(outer[0] - 136), int(outer[1] - 165)
    film = cv2.copyMakeBorder(traced["film"], 300, 300, 300, 300, cv2.BORDER_CONSTANT)
    crop = film[y0 + 300 : y0 + 508, x0 + 300 : x0 + 571]
    low, high = np.percentile(crop, 1), np.percentile(crop, 99.7)
    stretched = np.clip((crop - low) / (high - low) * 255, 0, 255).astype(np.uint8)
    picture = cv2.cvtColor(cv2.resize(stretched, None, fx=1.9, fy=1.9, interpolation=cv2.INTER_CUBIC), cv2.COLOR_GRAY2BGR)
    place = lambda spot: (int((spot[0] - x0 + 0.5) * 1.9), int((spot[1] - y0 + 0.5) * 1.9))
    for spot in traced["path"][::6]:
        cv2.circle(picture, place(spot), 0, YELLOW, -1)
    cv2.circle(picture, place(traced["foramen"]), 8, GREEN, 1)
    for spot in (outer, inner):
        cv2.line(picture, place(spot - 14 * traced["tangent"]), place(spot + 14 * traced["tangent"]), RED, 1)
    name = f"{site[0]}{site[1]}" if reading == 1 else f"#{number}"
    write_text(picture, f"{name} {np.hypot(*(inner - outer)):.1f}", (6, 16), CYAN, 0.55)
    return picture


def margin_points(traced, row):
    """Outer and inner point on the perpendicular through the foramen, in the pixels that were shown.

    `outerShiftPx` moves the border inwards where the foot of the slope is a shadow and not the bone's.
    """
    foot = traced["path"][traced["foot"]]
    outer = foot + (traced["outer"] + float(row["outerShiftPx"] or 0)) * traced["normal"]
    return outer, outer + float(row["widthPx"]) * traced["normal"]


def table_row(site, reading, points, readings):
    """One line of the table, in film pixels."""
    point, row = points[site], readings[site]
    values = {"film": site[0], "side": site[1], "reading": reading, "foramenVisibility": point["foramenVisibility"]}
    values["slopeHalfPx"] = ""
    for name in ("nearDecision", "otherWidthPx", "residueLayers", "mci", "quality", "note"):
        values[name] = row[name]
    traced = trace_site(site, reading, points)
    last = traced["film"].shape[1] - 1
    unmirror = lambda spot: spot if reading == 1 else np.array([last - spot[0], spot[1]])
    spots = {"foramen": traced["foramen"]}
    if row["widthPx"]:
        ends = [traced["path"][traced["foot"] + step] + traced["outer"] * traced["normal"] for step in (-TANGENT_HALF_PX, TANGENT_HALF_PX)]
        first, second = sorted((unmirror(end) for end in ends), key=lambda spot: spot[0])
        outer, inner = margin_points(traced, row)
        ends = [end + float(row["outerShiftPx"] or 0) * traced["normal"] for end in ends]
        spots |= {"border1": first, "border2": second, "outer": unmirror(outer), "inner": unmirror(inner)}
        values["widthPx"] = f"{float(row['widthPx']):.1f}"
        values["slopeHalfPx"] = f"{traced['half'] - traced['outer'] - float(row['outerShiftPx'] or 0):.1f}"
    for name, spot in spots.items():
        spot = unmirror(spot) if name == "foramen" else spot
        column, number = (name[:-1], name[-1]) if name[-1].isdigit() else (name, "")
        values[f"{column}X{number}"], values[f"{column}Y{number}"] = f"{spot[0]:.1f}", f"{spot[1]:.1f}"
    return values


HEADING = """\
# Cortical widths traced by hand on 8-bit panoramic films, by TRACING_RULE.md. One line a site and reading; reading 2 was
# made on mirrored regions in another order, without the film's number or the first values. Coordinates are film pixels
# (centre of the top left pixel is 0, 0); millimetres at the detector are pixels x 0.0959, not corrected for magnification.
# The reader placed foramen and border points and chose the margin by eye on film, straightened strip and profile, where the
# half-height crossings were printed. slopeHalfPx: depth of the half-height of the outer slope below the traced border.
# Engineering labels: no dentist or radiologist has seen them. Made by `trace_tool.py table`."""
COLUMNS = (
    "film,side,reading,foramenX,foramenY,foramenVisibility,borderX1,borderY1,borderX2,borderY2,outerX,outerY,innerX,innerY,"
    "widthPx,nearDecision,otherWidthPx,residueLayers,mci,quality,slopeHalfPx,note"
).split(",")


def write_table():
    """The table of all that has been read, to standard output."""
    print(HEADING)
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for reading in (1, 2):
        points, readings = read_rows("tracing-points.csv", reading), read_rows("tracing-readings.csv", reading)
        for site in sorted(readings, key=lambda site: (int(site[0]), site[1] == "L")):
            writer.writerow(table_row(site, reading, points, readings))


def compare_rule():
    """Print in how many sites the reader's margin is the one that the numbers of the rule alone choose."""
    points, readings = read_rows("tracing-points.csv", 1), read_rows("tracing-readings.csv", 1)
    differences = []
    for site in sorted(site for site in readings if readings[site]["widthPx"] and not readings[site]["outerShiftPx"]):
        candidates = trace_site(site, 1, points)["candidates"]
        chosen = [edge for edge, gap, share in candidates if gap >= 0.5 and share >= 0.5]
        differences.append(abs(chosen[0] - float(readings[site]["widthPx"])) if chosen else np.inf)
    same = int(np.sum(np.array(differences) < 1))
    print(f"{same} of {len(differences)} sites: the reader's margin is the rule's within 1 px")


def draw_sheet(arguments):
    """One sheet of tiles for the sites that were asked for."""
    sites = list_sites(arguments.reading)
    chosen = list(range(arguments.first, min(arguments.first + arguments.count, len(sites))))
    if arguments.action == "region":
        labels = read_labels() if arguments.reading == 1 else {}
        tiles, across = [draw_region(sites[i], i, arguments.reading, labels.get(sites[i])) for i in chosen], 3
    else:
        points = read_rows("tracing-points.csv", arguments.reading)
        chosen = [i for i in chosen if sites[i] in points]
        if arguments.action == "strip":
            tiles, across = [draw_strip(sites[i], i, arguments.reading, points) for i in chosen], 3
        else:
            readings = read_rows("tracing-readings.csv", arguments.reading)
            chosen = [i for i in chosen if readings.get(sites[i], {}).get("widthPx")]
            tiles, across = [draw_verify(sites[i], i, arguments.reading, points, readings) for i in chosen], 3
    tiles += [np.zeros_like(tiles[0])] * (-len(tiles) % across)
    cv2.imwrite(arguments.out, np.vstack([np.hstack(tiles[i : i + across]) for i in range(0, len(tiles), across)]))


def main():
    cv2.setNumThreads(1)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("region", "strip", "verify", "table", "rule"))
    parser.add_argument("--reading", type=int, choices=(1, 2), default=1)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=9)
    parser.add_argument("--out", default="/tmp/tracing.png")
    arguments = parser.parse_args()
    if arguments.action in ("table", "rule"):
        write_table() if arguments.action == "table" else compare_rule()
    else:
        draw_sheet(arguments)


if __name__ == "__main__":
    main()
