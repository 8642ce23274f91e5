"""Export a network and measure the coarse border (before refinement) of held-out films."""
import json
import sys

import numpy as np
import torch
from scipy.spatial import cKDTree

import prepare
from model import MandibleContour

MM_PER_PX = 0.0959
OUTPUTS = ["border", "borderSpread", "borderPresence", "foramen", "panoramic"]


def export(network, path):
    """Write the network as ONNX with a dynamic batch axis."""
    names = {n: {0: "batch"} for n in ["image", *OUTPUTS]}
    torch.onnx.export(network.to(memory_format=torch.contiguous_format), torch.zeros(2, 1, prepare.ROWS, prepare.COLUMNS),
                      path, input_names=["image"], output_names=OUTPUTS, dynamic_axes=names, opset_version=15)


def predict(network, image):
    """The network's outputs for one film, the border and the foramina in film pixels."""
    canvas, ((sx, sy), (left, top)) = prepare.letterbox(image)
    with torch.no_grad():
        row, spread, presence, foramen, panoramic = network(torch.from_numpy(canvas)[None, None])
    x = (np.arange(prepare.COLUMNS) - left + 0.5) / sx - 0.5
    y = (row[0].numpy() - top + 0.5) / sy - 0.5
    points = foramen[0].numpy().copy()
    points[:, 0] = (points[:, 0] - left + 0.5) / sx - 0.5
    points[:, 1] = (points[:, 1] - top + 0.5) / sy - 0.5
    return {"x": x, "y": y, "spread": spread[0].numpy() / sy, "presence": presence[0].numpy(), "foramen": points,
            "panoramic": float(panoramic[0])}


def panoramic_of(network, pictures):
    """The probability of being a panoramic film that each picture gets."""
    canvases = [prepare.letterbox(p)[0] for p in pictures]
    with torch.no_grad():
        return np.array([float(network(torch.from_numpy(c)[None, None])[4]) for c in canvases])


def border_error_mm(x, y, outlines):
    """Mean distance from the expert's outline to the line over the middle 60 %, to the nearer expert."""
    dense = np.arange(x[0], x[-1], 0.5)
    tree = cKDTree(np.stack([dense, np.interp(dense, x, y)], 1))
    errors = []
    for outline in outlines:
        xs = np.where(np.isfinite(outline))[0]
        width = xs[-1] - xs[0]
        xs = xs[(xs >= xs[0] + 0.2 * width) & (xs <= xs[-1] - 0.2 * width)]
        errors.append(float(tree.query(np.stack([xs, outline[xs]], 1))[0].mean() * MM_PER_PX))
    return errors


def evaluate_films(network, ids, foramina):
    """Every film's figures."""
    figures = []
    for number in ids:
        film = prepare.read_film(number)
        out = predict(network, film["image"])
        body = slice(*film["body"])
        present = np.interp(np.arange(film["image"].shape[1]), out["x"], out["presence"])
        truth = np.zeros(len(present), bool)
        truth[body] = True
        row = {"film": number, "errorsMm": [round(e, 4) for e in border_error_mm(out["x"], out["y"], film["outlines"])],
               "presenceAgreement": round(float(((present > 0.5) == truth).mean()), 4), "panoramic": round(out["panoramic"], 4),
               "foramen": out["foramen"].round(2).tolist(), "foramenErrorMm": {}}
        for k, side in enumerate(("right", "left")):
            label = foramina.get(number, {}).get(side)
            if label:
                off = np.hypot(*(out["foramen"][k, :2] - np.array(label[:2]))) * MM_PER_PX
                row["foramenErrorMm"][side] = [round(float(off), 3), label[2]]
        figures.append(row)
    return figures


def write_coarse(network, ids, path):
    """The fold model's lines on its held-out films, before they are refined."""
    lines = []
    for number in ids:
        out = predict(network, prepare.read_film(number)["image"])
        columns = zip(out["x"], out["y"], out["spread"], out["presence"])
        coarse = [{"xPx": float(x), "yPx": float(y), "spreadPx": float(s), "presence": float(p)} for x, y, s, p in columns]
        lines.append({"film": number, "coarse": coarse})
    with open(path, "w") as f:
        json.dump(lines, f)


def summarise(figures):
    """Median, 90th percentile and worst films."""
    others = [f for f in figures if "otherPictures" in f]
    figures = [f for f in figures if "film" in f]
    errors = np.array([min(f["errorsMm"]) for f in figures])
    worst = sorted(figures, key=lambda f: -min(f["errorsMm"]))[:6]
    spots = np.array([e for f in figures for e, v in f["foramenErrorMm"].values() if v != "guess"])
    return {"films": len(figures), "medianMm": round(float(np.median(errors)), 4),
            "percentile90Mm": round(float(np.percentile(errors, 90)), 4), "within06": round(float((errors <= 0.6).mean()), 4),
            "worst": [[f["film"], min(f["errorsMm"])] for f in worst],
            "presenceAgreement": round(float(np.mean([f["presenceAgreement"] for f in figures])), 4),
            "panoramicMin": min(f["panoramic"] for f in figures),
            "foramenMedianMm": round(float(np.median(spots)), 3) if len(spots) else None,
            "foramenPercentile90Mm": round(float(np.percentile(spots, 90)), 3) if len(spots) else None,
            "foramina": len(spots), "otherPictures": sum(f["otherPictures"] for f in others),
            "takenForPanoramic": sum(f["takenForPanoramic"] for f in others)}


def main():
    """Evaluate fold models: evaluate.py 0 1 2 3 4"""
    everything = []
    for fold in [int(a) for a in sys.argv[1:]] or range(prepare.FOLDS):
        network = MandibleContour()
        network.load_state_dict(torch.load(f"{prepare.HERE}/build/fold{fold}/weights.pt"))
        held = prepare.read_folds()[fold]
        everything += evaluate_films(network.eval(), held, prepare.read_foramina())
        write_coarse(network, held, f"{prepare.HERE}/build/fold{fold}/coarse.json")
    print(json.dumps(summarise(everything)))


if __name__ == "__main__":
    main()
