"""Write the networks as models of the registry, each with a manifest and a golden run; fold 0's is shipped."""
import hashlib
import json
import os
import shutil

import numpy as np
import torch

import prepare
from evaluate import OUTPUTS
from model import MandibleContour

VERSION = "1.1.0"
OUT = os.path.normpath(f"{prepare.HERE}/../../mandible-contour/{VERSION}")
SHAPES = {"border": [None, 768], "borderSpread": [None, 768], "borderPresence": [None, 768], "foramen": [None, 2, 3],
          "panoramic": [None, 1]}


def golden_input():
    """The deterministic picture that anybody can make: hashed noise."""
    i = np.arange(prepare.ROWS * prepare.COLUMNS, dtype=np.uint64)
    values = ((i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) % np.uint64(1000)
    return (values.astype(np.float32) / 1000).reshape(1, 1, prepare.ROWS, prepare.COLUMNS)


def publish(fold, out):
    """Write a fold's network as a registered model: the file and its manifest."""
    network = MandibleContour()
    network.load_state_dict(torch.load(f"{prepare.HERE}/build/fold{fold}/weights.pt"))
    with torch.no_grad():
        answers = dict(zip(OUTPUTS, network.eval()(torch.from_numpy(golden_input()))))
    os.makedirs(out, exist_ok=True)
    shutil.copy(f"{prepare.HERE}/build/fold{fold}/model.onnx", f"{out}/model.onnx")
    with open(f"{out}/model.onnx", "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    manifest = {
        "name": "mandible-contour", "version": VERSION, "task": "panoramic", "file": "model.onnx", "sha256": digest,
        "input": {"name": "image", "shape": [None, 1, prepare.ROWS, prepare.COLUMNS], "type": "float32"},
        "outputs": [{"name": n, "shape": SHAPES[n]} for n in OUTPUTS],
        "preparation": {"kind": "letterbox-area-average", "columns": prepare.COLUMNS, "rows": prepare.ROWS,
                        "percentileLow": 1, "percentileHigh": 99.5},
        "thresholds": {"panoramic": 0.5, "borderPresence": 0.5, "foramen": 0.2},
        "batchSizeMax": 8,
        "golden": {
            "description": "pixel i of the 768 x 320 input, row by row, is ((i * 2654435761 >>> 0) % 1000) / 1000",
            "input": {"kind": "hashed-noise", "multiplier": 2654435761, "modulus": 1000},
            "outputs": {"panoramic": round(float(answers["panoramic"][0, 0]), 5),
                        "borderMean": round(float(answers["border"].mean()), 3),
                        "borderPresenceMean": round(float(answers["borderPresence"].mean()), 5)},
            "tolerance": {"panoramic": 0.002, "borderMean": 4.0, "borderPresenceMean": 0.002}},
    }
    with open(f"{out}/model.json", "w") as f:
        json.dump(manifest, f, indent=2)
        f.write("\n")
    return manifest["golden"]["outputs"], digest


def main():
    """Every fold that was trained becomes a model that the service can open; fold 0's is the one that is shipped."""
    for fold in range(prepare.FOLDS):
        if os.path.exists(f"{prepare.HERE}/build/fold{fold}/model.onnx"):
            publish(fold, f"{prepare.HERE}/folds/fold{fold}/mandible-contour/{VERSION}")
    print(*publish(0, OUT))


if __name__ == "__main__":
    main()
