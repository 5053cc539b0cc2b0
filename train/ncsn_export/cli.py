"""The command ncsn-export. Exit codes: 0 done, 1 a check did not pass, 2 wrong usage."""

import argparse
import sys

from . import flags, recipes, show
from .annotate import annotate
from .errors import ExportError


def main(arguments=None):
    """Runs the command; returns the exit code."""
    args = _parser().parse_args(arguments)
    try:
        args.run(args)
    except ExportError as error:
        print(f"ncsn-export: {error}", file=sys.stderr)
        return 1
    except (Usage, OSError) as error:
        print(f"ncsn-export: {error}", file=sys.stderr)
        return 2
    return 0


class Usage(Exception):
    """The arguments do not make sense together."""


def _parser():
    parser = argparse.ArgumentParser(
        prog="ncsn-export", description="Score networks to ONNX files that say all of themselves."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    one = commands.add_parser("annotate", allow_abbrev=False, help="add a contract to an ONNX file (no PyTorch needed)")
    one.add_argument("model", help="the .onnx file")
    target = one.add_mutually_exclusive_group(required=True)
    target.add_argument("-o", "--out", help="the file to write")
    target.add_argument("--in-place", action="store_true", help="write to the file itself")
    one.add_argument(
        "--fresh", action="store_true", help="forget what the file says; else flags replace entries one by one"
    )
    one.add_argument("--no-self-check", action="store_true", help="do not run the network for a self-check")
    flags.add_flags(one)
    one.set_defaults(run=_annotate)

    one = commands.add_parser("show", help="print a file's contract and check it against the graph")
    one.add_argument("model", help="the .onnx file")
    one.set_defaults(run=_show)

    one = commands.add_parser(
        "quantize",
        allow_abbrev=False,
        help="make a file whose convolutions compute in 8 bits, from samples of the data (no PyTorch needed)",
        epilog="Example: ncsn-export quantize net.onnx -o net-int8.onnx --samples data.npy --max-error 0.05",
    )
    one.add_argument("model", help="the .onnx file, in float32")
    one.add_argument("-o", "--out", required=True, help="the file to write")
    one.add_argument(
        "--samples", required=True, metavar="FILE", help=".npy of clean samples [N, ...]: floats, or bytes"
    )
    one.add_argument(
        "--keep",
        default="auto",
        metavar="KIND",
        help="which convolutions stay in float32: none, first, last, first-last, sensitive, or auto, which tries all",
    )
    one.add_argument(
        "--count", type=int, default=32, help="samples that calibrate at each level of a ladder of ten (default 32)"
    )
    one.add_argument("--seed", type=int, default=0, help="of the noise and of which samples calibrate")
    one.add_argument(
        "--max-error", type=float, metavar="SHARE", help="bound on the score's relative error at every level, e.g. 0.05"
    )
    one.add_argument("--reduce-range", action="store_true", help="weights in 7 bits, for CPUs without VNNI")
    one.add_argument("--ncsn", metavar="FILE", help="libncsn's command line, for the validator (default: on PATH)")
    one.add_argument("--judge", metavar="FILE", help="a classifier (.onnx): compare samples by ncsn bench-quality")
    one.add_argument("--judge-samples", type=int, default=2000, metavar="N", help="default 2000")
    one.add_argument("--judge-evaluations", type=int, default=40, metavar="N", help="default 40")
    one.set_defaults(run=_quantize)

    one = commands.add_parser("recipes", help="list the families of networks that are known")
    one.set_defaults(run=_recipes)

    one = commands.add_parser(
        "export",
        allow_abbrev=False,
        help="export a PyTorch network (needs PyTorch)",
        epilog="Example: ncsn-export export --recipe ncsnv2 --factory mymodels:make_net --checkpoint ckpt.pth "
        "--sigmas sigmas.npy --shape 3x32x32 -o net.onnx",
    )
    one.add_argument("--recipe", required=True, choices=recipes.TABLE, metavar="NAME", help="see: ncsn-export recipes")
    one.add_argument("-o", "--out", required=True, help="the file to write")
    one.add_argument(
        "--factory", metavar="MODULE:FUNCTION", help="a function without arguments that returns the torch.nn.Module"
    )
    one.add_argument("--checkpoint", help="weights for it; or the saved pipeline's folder, for the diffusers recipes")
    one.add_argument(
        "--weights-key", help="which part of the checkpoint: a name, or a number in a list (default: averages first)"
    )
    one.add_argument(
        "--config", metavar="FILE", help="the project's own configuration, .json or .yml, for recipes that read one"
    )
    one.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the recipe; value in JSON or text",
    )
    one.add_argument("--exporter", choices=("auto", "torchscript", "dynamo"), default="auto")
    one.add_argument("--opset", type=int, help="default: 17, 18 from dynamo")
    one.add_argument("--dtype", choices=("float32", "float16"), default="float32", help="of the arithmetic")
    one.add_argument("--io-dtype", choices=("float32", "float16"), default="float32", help="of x and the output")
    one.add_argument("--tolerance", type=float, help="largest relative RMS difference (default 1e-4; 1e-2 in float16)")
    one.add_argument("--no-sanity", action="store_true", help="do not look at the score of pure noise")
    flags.add_flags(one)
    one.set_defaults(run=_export)
    return parser


def _annotate(args):
    annotate(
        args.model, args.model if args.in_place else args.out, fresh=args.fresh, self_check=not args.no_self_check,
        **flags.entries(args),
    )  # fmt: skip


def _show(args):
    print(show.table(args.model))


def _quantize(args):
    from .int8 import quantize

    quantize(
        args.model, args.out, args.samples, keep=args.keep, count=args.count, seed=args.seed, max_error=args.max_error,
        reduce_range=args.reduce_range, ncsn=args.ncsn, judge=args.judge, judge_samples=args.judge_samples,
        judge_evaluations=args.judge_evaluations,
    )  # fmt: skip


def _recipes(_args):
    width = max(map(len, recipes.TABLE))
    for name, (_, line) in recipes.TABLE.items():
        print(f"{name:<{width}}  {line}")


def _export(args):
    try:
        from . import building
    except ImportError as error:
        raise Usage(f"exporting needs PyTorch (pip install torch): {error}") from error
    parts = building.parts(args)
    from .exporting import export

    function = recipes.function(args.recipe)
    try:
        module, contract = function(**parts, **building.settings(args.set), **flags.entries(args))
    except TypeError as error:
        raise Usage(f"recipe {args.recipe}: {error}; its arguments: {function.__doc__}") from error
    export(
        module, contract, args.out, exporter=args.exporter, opset=args.opset, dtype=args.dtype, io_dtype=args.io_dtype,
        tolerance=args.tolerance, sanity=not args.no_sanity,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
