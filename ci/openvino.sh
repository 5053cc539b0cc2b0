#!/bin/sh
# openvino.sh - the provider OpenVINO and what `ncsn tune` makes of it, on the ONNX Runtime of the Python package
# onnxruntime-openvino: scores are those of single precision unless bfloat16 is asked for, and it is taken only where the bound
# on the error allows it. Needs pip and an x86-64 processor; a network may be named to be tuned, too.
set -eu
cd "$(dirname "$0")/.."
into=${CARGO_TARGET_DIR:-$PWD/target}/openvino
python=${PYTHON:-python3}
mkdir -p "$into"
"$python" -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps --upgrade \
    --target "$into/packages" onnxruntime-openvino
for NCSN_ORT_PATH in "$into"/packages/onnxruntime/capi/libonnxruntime.so.1.*; do
    [ -f "$NCSN_ORT_PATH" ] || { echo "openvino.sh: the package has no libonnxruntime.so.1.*" >&2; exit 1; }
done
export NCSN_ORT_PATH
cargo test --features cli --test openvino -- --ignored
cargo build --features cli --bin ncsn
ncsn=${CARGO_TARGET_DIR:-target}/debug/ncsn
for model in models/digits.onnx "$@"; do
    for bound in 1e-4 0.1; do
        "$ncsn" tune "$model" --no-cache --max-error "$bound"
        echo
    done
done
