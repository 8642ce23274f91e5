"""Write the networks as models of the registry, with manifest and golden run: the shipped pair, and one pair for each fold."""
import argparse
import hashlib
import json
import os

import numpy as np
import torch

import crops
import evaluate
import prepare
from model import VertebraFinder, VertebraPoints

VERSION = "1.0.0"
MODELS = os.path.normpath(f"{prepare.HERE}/../..")
KINDS = {
    "finder": {
        "name": "vertebra-finder", "task": "vertebra-finding", "network": VertebraFinder, "rows": prepare.ROWS,
        "columns": prepare.COLUMNS, "batchSizeMax": 4,
        "outputs": {"centre": [None, 1, 112, 96], "corners": [None, 8, 112, 96], "sacrum": [None, 1, 112, 96]},
        "preparation": {"kind": "letterbox-area-average", "columns": prepare.COLUMNS, "rows": prepare.ROWS,
                        "percentileLow": 1, "percentileHigh": 99.5},
        "thresholds": {"centre": evaluate.CENTRE_THRESHOLD, "sacrum": evaluate.SACRUM_THRESHOLD},
        "golden": {"centreMean": 0.002, "cornersMean": 0.5, "sacrumMean": 0.002},
    },
    "points": {
        "name": "vertebra-points", "task": "vertebra-points", "network": VertebraPoints, "rows": crops.ROWS,
        "columns": crops.COLUMNS, "batchSizeMax": 20,
        "outputs": {"points": [None, 6, 2], "spread": [None, 6], "pointConfidence": [None, 6], "body": [None, 1],
                    "thoracic": [None, 1]},
        "preparation": {"kind": "vertebra-crop", "columns": crops.COLUMNS, "rows": crops.ROWS, "bodyWidthPx": 56,
                        "centreColumn": 63.5, "centreRow": 55.5, "percentileLow": 1, "percentileHigh": 99},
        "thresholds": {"body": evaluate.BODY_THRESHOLD},
        "golden": {"pointsMean": 1.0, "spreadMean": 0.2, "bodyMean": 0.01},
    },
}


def golden_input(rows, columns):
    """The deterministic picture that anybody can make: hashed noise."""
    i = np.arange(rows * columns, dtype=np.uint64)
    values = ((i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) % np.uint64(1000)
    return (values.astype(np.float32) / 1000).reshape(1, 1, rows, columns)


def manifest_of(kind, digest, answers):
    """What the registry reads."""
    tolerance = kind["golden"]
    golden = {key: round(float(answers[key[:-4]].mean()), 5) for key in tolerance}
    return {
        "name": kind["name"], "version": VERSION, "task": kind["task"], "file": "model.onnx", "sha256": digest,
        "input": {"name": "image", "shape": [None, 1, kind["rows"], kind["columns"]], "type": "float32"},
        "outputs": [{"name": n, "shape": s} for n, s in kind["outputs"].items()],
        "preparation": kind["preparation"], "thresholds": kind["thresholds"], "batchSizeMax": kind["batchSizeMax"],
        "golden": {
            "description": f"pixel i of the {kind['columns']} x {kind['rows']} input, row by row, "
                           "is ((i * 2654435761 >>> 0) % 1000) / 1000",
            "input": {"kind": "hashed-noise", "multiplier": 2654435761, "modulus": 1000},
            "outputs": golden, "tolerance": tolerance},
    }


def publish(which, kind_name, folder):
    """One network as a registered model in a folder of models."""
    kind = KINDS[kind_name]
    network = evaluate.load(kind["network"], kind_name, which)
    out = f"{folder}/{kind['name']}/{VERSION}"
    os.makedirs(out, exist_ok=True)
    picture = torch.from_numpy(golden_input(kind["rows"], kind["columns"]))
    names = list(kind["outputs"])
    with torch.no_grad():
        answers = dict(zip(names, network(picture)))
    torch.onnx.export(network, picture.repeat(2, 1, 1, 1), f"{out}/model.onnx", opset_version=15, input_names=["image"],
                      output_names=names, dynamic_axes={n: {0: "batch"} for n in ["image", *names]})
    with open(f"{out}/model.onnx", "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    with open(f"{out}/model.json", "w") as f:
        json.dump(manifest_of(kind, digest, answers), f, indent=2)
        f.write("\n")
    write_check(network, kind, names)


def write_check(network, kind, names):
    """A random batch and torch's answers, for check_onnx.ts to compare."""
    rng = np.random.RandomState(3)
    picture = rng.rand(3, 1, kind["rows"], kind["columns"]).astype(np.float32)
    with torch.no_grad():
        answers = network(torch.from_numpy(picture))
    folder = f"{prepare.HERE}/build/check/{kind['name']}"
    os.makedirs(folder, exist_ok=True)
    picture.tofile(f"{folder}/image.bin")
    for name, answer in zip(names, answers):
        answer.numpy().tofile(f"{folder}/{name}.bin")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--which", nargs="*", default=["shipped", "2", "3", "4"])
    parser.add_argument("--kind", nargs="*", default=list(KINDS))
    options = parser.parse_args()
    for which in reversed(options.which):
        for kind in options.kind:
            publish(which, kind, MODELS if which == "shipped" else f"{prepare.HERE}/folds/fold{which}")


if __name__ == "__main__":
    main()
