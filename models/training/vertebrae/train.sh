#!/bin/sh
# Rebuilds both networks: simulated films, first lesson, one second lesson for each fold, manifests, figures, ablation.
# Usage: models/training/vertebrae/train.sh [DATA]   (DATA holds spine-lateral/, spine-frontal/, chest/lateral/)
set -eu
cd "$(dirname "$0")/../../.."
export OSTEOTRIAGE_DATA="${1:-/work/shared/data}" OMP_NUM_THREADS=1 PATH="$PWD/node_modules/.bin:$PATH"
here=models/training/vertebrae
python="/usr/bin/python3 -W ignore"
node scripts/phantom/export-spine-training.ts --seeds 1000-1699 --out $here/build/sim
node scripts/phantom/export-spine-training.ts --seeds 100000-100174 --looks held-out --out $here/build/sim-heldout
for net in finder points; do
  $python $here/train_$net.py --which first --start none --seconds 900
  for fold in shipped 2 3 4; do $python $here/train_$net.py --which $fold --seconds 300 --rate 0.0015; done
done
$python $here/calibrate.py
$python $here/evaluate.py --out $here/figures.json
$python $here/evaluate_simulated.py
$python $here/publish.py
for name in vertebra-finder vertebra-points; do node $here/check-onnx.ts models $name; done
$python $here/ablation.py
