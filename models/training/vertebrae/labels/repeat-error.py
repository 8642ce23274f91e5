"""How far the second, blind reading of twelve bodies lies from the first: python3 repeat-error.py"""
import json
from math import dist
from pathlib import Path
from statistics import mean

HERE = Path(__file__).parent
CORNERS = ["superiorAnterior", "superiorPosterior", "inferiorAnterior", "inferiorPosterior"]
MIDDLES = ["superiorMiddle", "inferiorMiddle"]


def read_lines(name):
    return [json.loads(line) for line in (HERE / name).read_text().splitlines()]


def heights_px(points):
    return [dist(points["superior" + part], points["inferior" + part]) for part in ("Anterior", "Middle", "Posterior")]


def compare(first, second):
    anterior, middle, posterior = heights_px(first)
    anterior2, middle2, posterior2 = heights_px(second)
    height = mean([anterior, middle, posterior])
    return {
        "corner %": mean(dist(first[key], second[key]) for key in CORNERS) / height * 100,
        "middle %": mean(dist(first[key], second[key]) for key in MIDDLES) / height * 100,
        "wedge ratio": abs(anterior / posterior - anterior2 / posterior2),
        "biconcave ratio": abs(middle / posterior - middle2 / posterior2),
    }


first = {(film["file"], body["level"]): body["pointsPx"] for film in read_lines("lateral-chest.jsonl") for body in film["vertebrae"]}
rows = [compare(first[body["file"], body["level"]], body["pointsPx"]) for body in read_lines("lateral-chest-repeat.jsonl")]
for key in rows[0]:
    values = [row[key] for row in rows]
    print(f"{key:16} mean {mean(values):.3f} largest {max(values):.3f} of {len(values)}")
