"""This library against what else draws samples from the same network.

    python benches/peers table          # the table and the plot of docs/bench.md
    python benches/peers quality        # seconds to 64 digits of equal quality
    python benches/peers frechet        # what `quality` compares: draws some 20,000 digits, for about half an hour
    python benches/peers scaling        # more samples, more steps, more cores
    python benches/peers calls          # many short calls, and how much memory they leave taken
    python benches/peers all            # table, quality, scaling and calls

Each prints Markdown and, with --write, puts it into docs/bench.md.
"""

import argparse
import os
import sys

import calls
import quality
import scaling
import the_table
import words
from contender_list import EVERYONE
from jobs import NAMES
from paths import PAGE, PICTURE
from processes import Failed


def run_table(args):
    if any(c not in ("floor", "ours", "tuned", "int8", "numpy", "openvino") for c in args.contenders):
        from prepare import prepare

        prepare(args.models)
    made = the_table.run(args.models, args.counts, args.contenders, args.threads,
                         the_table.QUICK if args.quick else args.budget, _say)  # fmt: skip
    the_table.save(made)
    if args.write:
        from chart import draw

        draw(made, PICTURE)
    return the_table.markdown(made)


def run_quality(args):
    from prepare import prepare

    prepare(["digits"])
    return quality.markdown(*quality.run(args.threads, say=_say), args.threads)


def run_frechet(args):
    reference, fewest = quality.best(quality.frechet())
    return f"annealed Langevin dynamics: {reference}; as good: {fewest}"


def run_scaling(args):
    return scaling.markdown(scaling.run([name for name in args.models if name in ("mixture", "digits")], say=_say))


def run_calls(args):
    return calls.markdown(calls.run(*((10_000, 300) if args.quick else (calls.CALLS, calls.MODELS_OPENED))))


def _say(line):
    print(line, file=sys.stderr, flush=True)


WHAT = {
    "table": run_table,
    "quality": run_quality,
    "frechet": run_frechet,
    "scaling": run_scaling,
    "calls": run_calls,
}


def _list(known, kind=str):
    def parse(text):
        values = [kind(word) for word in text.split(",")]
        if unknown := [value for value in values if known and value not in known]:
            raise argparse.ArgumentTypeError(f"{unknown[0]}: one of {', '.join(known)}")
        return values

    return parse


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    everyone = [c.name for c in EVERYONE]
    parser.add_argument("what", choices=[*WHAT, "all"])
    parser.add_argument("--models", type=_list(NAMES), default=["mixture", "mlp_relu", "digits", "refinenet"])
    parser.add_argument("--contenders", type=_list(everyone), default=everyone, help=", ".join(everyone))
    parser.add_argument("--counts", type=_list(None, int), default=list(the_table.COUNTS), help="samples: 1,16,256")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--budget", type=float, default=45.0, help="seconds for one model at one number of samples")
    parser.add_argument("--quick", action="store_true", help="2 seconds each: whether it works, not how fast it is")
    parser.add_argument("--write", action="store_true", help="put it into docs/bench.md")
    args = parser.parse_args()
    for name in [name for name in WHAT if name != "frechet"] if args.what == "all" else [args.what]:
        made = WHAT[name](args)
        print(made, flush=True)
        if args.write and name != "frechet":
            words.put(PAGE, name, made)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(str(error))
