"""Fit on held-out films what the network says of its own error, and write the reliability table: calibration.json."""
import json
import sys

import numpy as np
import torch
from scipy.optimize import minimize

import crops
import publish
from model import PLAIN_CALIBRATION, MentalForamen

WITHIN_MM = 3.0
BINS = (0, 0.4, 0.6, 0.7, 0.8, 0.9, 0.95, 1.01)


def read_held_out(members=None):
    """For every labelled site of the films the maps of the networks that never saw it: logits, labels in crop pixels."""
    frames, labels = crops.read_frames(), crops.read_labels()
    sites = []
    for fold in range(5):
        networks = publish.read_members(fold)
        networks = networks if members is None else [networks[k] for k in members if k < len(networks)]
        for film in (f for f in frames["films"] if f["fold"] == fold):
            pixels = crops.read_film(film)
            for site in film["sides"]:
                points = labels.get((film["film"], site["side"]))
                if not points or site["frame"] is None:
                    if points:
                        print("no crop", film["film"], site["side"], points, file=sys.stderr)
                    continue
                matrix, origin = crops.matrix_of(site["frame"])
                to_crop = lambda p: np.linalg.solve(matrix, np.array(p[:2]) - origin) + crops.CENTRE
                crop = torch.from_numpy(crops.plain_crop(pixels, site["frame"], film["border"], site["side"]))[None]
                with torch.no_grad():
                    logits = torch.stack([network(crop)[0] for network in networks])
                sites.append({"film": film["film"], "side": site["side"], "fold": fold, "logits": logits,
                              "labels": [(*to_crop(p), p[2]) for p in points], "rough": to_crop(site["roughPx"])})
    return sites


def read_off(sites, calibration):
    """Place, spread and confidence of every site."""
    reader = MentalForamen([], calibration)
    logits = torch.stack([s["logits"] for s in sites])
    p = torch.softmax(logits / calibration["temperature"], 2).mean(1)
    with torch.no_grad():
        return [part.numpy() for part in reader.read(p)]


def errors_of(sites, places, reading=0):
    """Error along and across (millimetres) against one reading of every site."""
    goal = np.array([s["labels"][min(reading, len(s["labels"]) - 1)][:2] for s in sites])
    return (places - goal) * crops.MM_PER_CROP_PX


def fit(sites):
    """Temperature by likelihood of the labels' cells, spread by the errors' share within it, confidence by logistic regression."""
    sure = [s for s in sites if s["labels"][0][2] != "guess"]
    everything = np.array([crops.LABEL_WEIGHT[s["labels"][0][2]] for s in sites])
    best = None
    for temperature in np.arange(0.8, 2.6, 0.1):
        p = torch.softmax(torch.stack([s["logits"] for s in sites]) / temperature, 2).mean(1)[:, :-1].reshape(-1, 48, 64)
        cells = np.clip(np.round([((s["labels"][0][0] - 0.5) / 2, (s["labels"][0][1] - 0.5) / 2) for s in sites]), 1, [62, 46]).astype(int)
        near = np.array([float(q[y - 1:y + 2, x - 1:x + 2].mean()) for q, (x, y) in zip(p, cells)])
        value = float((np.log(near + 1e-6) * everything).sum())
        best = max(best or (-np.inf, 0), (value, temperature))
    calibration = {**PLAIN_CALIBRATION, "temperature": round(float(best[1]), 2)}
    places, spread, confidence = read_off(sure, calibration)
    error = np.abs(errors_of(sure, places))
    # So that 68 % of the errors lie within one standard deviation; far misses are the confidence's matter.
    for axis, name in enumerate(("along", "across")):
        calibration[name] = round(float(np.quantile(error[:, axis] / (spread[:, axis] * crops.MM_PER_CROP_PX), 0.683)), 3)
    logit = np.log(confidence[:, 0] / (1 - confidence[:, 0]))
    hit = np.hypot(*errors_of(sure, places).T) <= WITHIN_MM
    cost = lambda w: np.mean(np.logaddexp(0, -np.where(hit, 1, -1) * (w[0] * logit + w[1]))) + 0.01 * (w[0] - 1) ** 2
    slope, shift = minimize(cost, [1.0, 0.0], method="Nelder-Mead").x
    return {**calibration, "slope": round(float(slope), 3), "shift": round(float(shift), 3)}


def interval(hits, total):
    """Wilson's 95 % interval of a share."""
    if total == 0:
        return [None, None]
    p, z = hits / total, 1.96
    middle, half = p + z * z / (2 * total), z * np.sqrt(p * (1 - p) / total + z * z / (4 * total * total))
    return [round((middle - half) / (1 + z * z / total), 3), round((middle + half) / (1 + z * z / total), 3)]


def figures_of(sites, places):
    """Share within 3 mm, median and 90th percentile by visibility."""
    distance = np.hypot(*errors_of(sites, places).T)
    kinds = np.array([s["labels"][0][2] for s in sites])
    table = {}
    for name, chosen in (("plain", kinds == "plain"), ("faint", kinds == "faint"), ("plain and faint", kinds != "guess"),
                         ("guess", kinds == "guess")):
        own = distance[chosen]
        hits = int((own <= WITHIN_MM).sum())
        table[name] = {"sites": len(own), "within3Mm": round(hits / len(own), 3), "interval": interval(hits, len(own)),
                       "medianMm": round(float(np.median(own)), 2), "percentile90Mm": round(float(np.percentile(own, 90)), 2)}
    return table


def reliability(sites):
    """Confidence against the share of hits; every fold is read with the calibration of the other four."""
    confidence, hit, covered = [], [], []
    for fold in range(5):
        own = [s for s in sites if s["fold"] == fold and s["labels"][0][2] != "guess"]
        places, spread, sure = read_off(own, fit([s for s in sites if s["fold"] != fold]))
        error = errors_of(own, places)
        confidence += list(sure[:, 0])
        hit += list(np.hypot(*error.T) <= WITHIN_MM)
        covered += list(np.abs(error) / (spread * crops.MM_PER_CROP_PX))
    confidence, hit, covered = np.array(confidence), np.array(hit), np.array(covered)
    rows = []
    for low, high in zip(BINS, BINS[1:]):
        own = (confidence >= low) & (confidence < high)
        if own.any():
            rows.append({"from": low, "to": min(high, 1), "sites": int(own.sum()), "confidence": round(float(confidence[own].mean()), 3),
                         "within3Mm": round(float(hit[own].mean()), 3), "interval": interval(int(hit[own].sum()), int(own.sum()))})
    share = lambda limit: [round(float((covered[:, axis] <= limit).mean()), 3) for axis in (0, 1)]
    return {"rows": rows, "brier": round(float(((confidence - hit) ** 2).mean()), 4), "meanConfidence": round(float(confidence.mean()), 3),
            "withinOneSpread": share(1), "withinTwoSpreads": share(2)}


def main():
    members = [int(a) for a in sys.argv[1:]] or None
    torch.set_num_threads(1)
    sites = read_held_out(members)
    fitted = fit(sites)
    places = read_off(sites, fitted)[0]
    result = {"fitted": fitted, "figures": figures_of(sites, places), "reliability": reliability(sites),
              "rough": figures_of(sites, np.array([s["rough"] for s in sites]))}
    if members is None:
        with open(publish.CALIBRATION, "w") as f:
            json.dump(result, f, indent=1)
            f.write("\n")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
