"""Networks that are told no noise level, as in consistent annealed sampling (Jolicoeur-Martineau et al. 2020)."""

from .common import contract


def unconditional(net, *, output="scaled_score", **entries):
    """net(x) -> sigma * score ("scaled_score": the score is f(x)/sigma) or the denoised estimate ("denoised")."""
    return net, contract(
        {
            "conditioning": "none",
            "output": output,
            "range": "unit",
            "sampler": "consistent_annealed",
            "init": "normal",
            "denoise": True,
        },
        entries,
    )
