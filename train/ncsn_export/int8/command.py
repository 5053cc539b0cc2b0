"""A float32 model file to an int8 one, and what is to be known of it."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import ExportError
from ..runtime import Network
from ..verify import rms
from . import build, calibration, choices, errors, file, levels, library, samples, speed
from . import report as tables
from .progress import Progress
from .source import Source


@dataclass(frozen=True)
class Quantized:
    """What was written, all that was tried, and the relative RMS error of the end of a chain in int8 throughout."""

    path: Path
    kept: choices.Choice
    tried: list
    chain_error: float


def quantize(
    path, target, /, data, *, keep="auto", count=32, seed=0, max_error=None, reduce_range=False, ncsn=None, judge=None,
    judge_samples=2000, judge_evaluations=40, report=print,
):  # fmt: skip
    """Writes the model `path` to `target` with its convolutions in 8 bits: static, per channel, as QDQ pairs.

    data           .npy file of clean samples [N, ...]: floats in the network's range, or bytes
    keep           which convolutions stay in float32: one of choices.KINDS; "auto" measures all of them
    count          samples that calibrate at each level of a ladder of ten; longer ladders share as many
    max_error      bound on the relative RMS error of the score at the worst level: the fastest choice within it is kept
    reduce_range   weights in 7 bits, for CPUs without VNNI, where sums of two products saturate
    ncsn           libncsn's command line, for the validator; by default the one on PATH, if there is one
    judge          a classifier for `ncsn bench-quality`, which then compares samples of both files

    Returns Quantized. Raises ExportError and writes nothing for what cannot be quantised or stays outside the bound.
    """
    program = _check(path, target, keep, count, max_error, ncsn, judge)
    progress = Progress()
    source = Source(path)
    contract, wiring = source.contract, source.wiring
    clean, held = samples.split(samples.read(data, contract, wiring.shape), seed)
    try:
        network = Network(path, contract, wiring)
        bench = errors.Bench(network, held, contract, seed, progress)
        ranges = calibration.ranges(source.model, clean, source.ladder, count, contract, wiring, seed, progress)
        tried = _try(source, build.Builder(source.model, ranges, source.convolutions, reduce_range), bench, network,
                     held, keep, seed, progress)  # fmt: skip
        kept = choices.keep(tried, max_error)
        ends = _chains(network, kept, contract, wiring, held, seed, progress)
    finally:
        progress.done()
    report(f"{path}: {len(source.convolutions)} convolutions that see x, calibrated at {len(source.ladder)} levels")
    for lines in (tables.choices(tried, kept), tables.levels(kept.levels, bench.slopes()), tables.chains(ends)):
        report("\n".join(["", *lines]))
    report("")
    if kept.ratio >= 1:
        report("note: on this machine the int8 file is no faster than the float32 one")
    file.write(kept.model, source, target, _made(kept, source, reduce_range, count, seed))
    _verdicts(program, path, target, held, report)
    if judge is not None:
        rows = [library.quality(program, p, judge, judge_samples, judge_evaluations, contract) for p in (path, target)]
        report("\n".join(["", *tables.quality(*rows), ""]))
    size = Path(target).stat().st_size / Path(path).stat().st_size
    report(f"{target}: {kept.ratio:.3f} of the time (one thread, a batch of {wiring.batch or errors.BATCH}), "
           f"{size:.2f} of the size, score error {kept.worst:.2%} at the worst level")  # fmt: skip
    return Quantized(Path(target), kept, tried, ends[-1].error)


def _check(path, target, keep, count, max_error, ncsn, judge):
    """Refuses arguments that cannot be meant; returns the program `ncsn`, or None."""
    if keep not in choices.KINDS:
        raise ExportError(f"keep: '{keep}' is none of {', '.join(choices.KINDS)}")
    if count < 1:
        raise ExportError(f"count: {count} samples a level are too few; 1 is the least")
    if max_error is not None and not 0 < max_error < float("inf"):
        raise ExportError(f"max_error: {max_error} is no bound on a relative error, such as 0.05")
    if Path(target).exists() and Path(target).samefile(path):
        raise ExportError(f"{target}: is the float32 file itself; write to another")
    calibration.tools()
    program = library.find(ncsn)
    if judge is not None:
        if program is None:
            raise ExportError("judge: needs libncsn's command line; put `ncsn` on PATH or name it (--ncsn)")
        if not Path(judge).is_file():
            raise FileNotFoundError(f"{judge}: no such file")
    return program


def _try(source, builder, bench, network, held, keep, seed, progress):
    """Every choice of the kind `keep`, measured."""
    contract, wiring = source.contract, source.wiring

    def ranked():
        return choices.sensitive(builder, held, network, contract, wiring, source.costs(), seed, progress)

    tried = []
    for name, kept in choices.sets(keep, source.convolutions, ranked).items():
        progress(f"score error with {name} in float32")
        model = builder.model_with({c.name for c in source.convolutions} - kept).SerializeToString()
        tried.append(choices.Choice(name, kept, model, bench.measure(Network(model, contract, wiring))))
    if not tried:
        raise ExportError(f"keep: '{keep}' leaves no convolution of {source.path} in 8 bits; use none")
    sigma, x, *_ = bench.points[0]
    x = x[[i % len(x) for i in range(errors.BATCH)]]
    models = {None: source.path, **{choice.name: choice.model for choice in tried}}
    ratios = speed.ratios(models, x, sigma, contract, wiring, progress)
    for choice in tried:
        choice.ratio = ratios[choice.name]
    return tried


def _chains(network, kept, contract, wiring, held, seed, progress):
    """What int8 at the noisiest half, three quarters and all of a chain's levels does to its end."""
    eight, clean = Network(kept.model, contract, wiring), held[:8]
    sigmas = errors.chain_levels(contract)
    total = len(sigmas)
    expected, rows = errors.chain([network] * total, contract, clean, seed), []
    for taken in sorted({-(-total // 2), -(-3 * total // 4), total}):
        progress(f"a chain with int8 at {taken} of {total} levels")
        end = errors.chain([eight] * taken + [network] * (total - taken), contract, clean, seed)
        share = taken / total
        rows.append(tables.End(taken, total, sigmas[taken - 1], rms(end - expected) / rms(expected),
                               share * kept.ratio + 1 - share))  # fmt: skip
    return rows


def _made(kept, source, reduce_range, count, seed):
    at = max(kept.levels, key=lambda level: level.error)
    return {
        "convolutions": len(source.convolutions) - len(kept.kept),
        "float32": sorted(kept.kept),
        "weight_bits": 7 if reduce_range else 8,
        "samples": levels.each(count, source.ladder),
        "levels": len(source.ladder),
        "seed": seed,
        "score_error": float(f"{at.error:.3g}"),
        "score_error_sigma": at.sigma,
    }


def _verdicts(program, path, target, clean, report):
    if program is None:
        report("note: no validator's verdict; put libncsn's command line `ncsn` on PATH or name it (--ncsn)")
        return
    for name, model in (("float32", path), ("int8", target)):
        passed, lines = library.verdict(program, model, clean)
        report(f"ncsn validate, {name}: {'passed' if passed else 'FAILED'}")
        for line in lines:
            report(f"  {line}")
