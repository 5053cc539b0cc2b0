"""Static int8: a model file whose convolutions compute in 8 bits, and what that costs in score error.

    samples      the caller's data, as the network knows them
    levels       those data perturbed, at the noise levels that matter
    convolutions which there are, which come first and last, what each costs
    calibration  the ranges of their inputs and outputs over the whole ladder
    source       the float32 file, checked
    build        a model with some of them in 8 bits
    errors       the score error at each level, and of a chain's end
    speed        time in turn with the float32 file
    choices      which convolutions are tried in float32, and which choice is kept
    library      what the command line `ncsn` says before and after
    file         writing the int8 file
    report       tables
    command      all of it

Only `quantize` is for callers. It needs onnxruntime, and no PyTorch.
"""

from .command import Quantized, quantize

__all__ = ["Quantized", "quantize"]
