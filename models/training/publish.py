"""Copy fold 0's network to models/mandible-contour/1.0.0 and write its manifest with a golden run."""
import hashlib
import json
import os
import shutil

import numpy as np
import torch

import prepare
from evaluate import OUTPUTS
from model import MandibleContour

VERSION = "1.0.0"
OUT = os.path.normpath(f"{prepare.HERE}/../mandible-contour/{VERSION}")
SHAPES = {"border": [None, 768], "borderSpread": [None, 768], "borderPresence": [None, 768], "foramen": [None, 2, 3],
          "panoramic": [None, 1]}


def golden_input():
    """The deterministic picture that anybody can make: hashed noise."""
    i = np.arange(prepare.ROWS * prepare.COLUMNS, dtype=np.uint64)
    values = ((i * np.uint64(2654435761)) & np.uint64(0xFFFFFFFF)) % np.uint64(1000)
    return (values.astype(np.float32) / 1000).reshape(1, 1, prepare.ROWS, prepare.COLUMNS)


def main():
    network = MandibleContour()
    network.load_state_dict(torch.load(f"{prepare.HERE}/build/fold0/weights.pt"))
    with torch.no_grad():
        out = dict(zip(OUTPUTS, network.eval()(torch.from_numpy(golden_input()))))
    os.makedirs(OUT, exist_ok=True)
    shutil.copy(f"{prepare.HERE}/build/fold0/model.onnx", f"{OUT}/model.onnx")
    with open(f"{OUT}/model.onnx", "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    manifest = {
        "name": "mandible-contour", "version": VERSION, "file": "model.onnx", "sha256": digest,
        "input": {"name": "image", "shape": [None, 1, prepare.ROWS, prepare.COLUMNS], "type": "float32"},
        "outputs": [{"name": n, "shape": SHAPES[n]} for n in OUTPUTS],
        "preparation": {"kind": "letterbox-area-average", "columns": prepare.COLUMNS, "rows": prepare.ROWS,
                        "percentileLow": 1, "percentileHigh": 99.5},
        "threshold": {"panoramic": 0.5, "borderPresence": 0.5, "foramen": 0.2},
        "batchSizeMax": 8,
        "golden": {
            "description": "pixel i of the 768 x 320 input, row by row, is ((i * 2654435761 >>> 0) % 1000) / 1000",
            "input": {"kind": "hashed-noise", "multiplier": 2654435761, "modulus": 1000},
            "outputs": {"panoramic": round(float(out["panoramic"][0, 0]), 5),
                        "borderMean": round(float(out["border"].mean()), 3),
                        "borderPresenceMean": round(float(out["borderPresence"].mean()), 5)},
            "tolerance": {"panoramic": 0.002, "borderMean": 2.0, "borderPresenceMean": 0.002}},
    }
    with open(f"{OUT}/model.json", "w") as f:
        json.dump(manifest, f, indent=2)
        f.write("\n")
    print(json.dumps(manifest["golden"]["outputs"]), digest)


if __name__ == "__main__":
    main()
