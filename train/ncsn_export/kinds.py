"""The vocabulary of the metadata."""

CONDITIONINGS = (
    "none", "sigma", "log_sigma", "affine_log", "level_desc", "level_asc", "time01", "time_scaled", "table",
)  # fmt: skip
LEVELS = ("level_desc", "level_asc")
TIMES = ("time01", "time_scaled")
OUTPUTS = ("score", "scaled_score", "noise", "denoised", "edm_raw", "v")
INPUT_SCALINGS = ("none", "unit", "sigma_data")
RANGES = ("unit", "centered", "logit", "unbounded")
SAMPLERS = (
    "langevin", "annealed_langevin", "consistent_annealed", "reverse_diffusion", "ancestral", "euler_maruyama",
    "predictor_corrector", "euler", "heun", "dpmpp_2m", "unipc", "rk45", "probability_flow", "auto", "sde_dpmpp_2m",
)  # fmt: skip
ORDERS = ("descending", "ascending")
OFF_LADDER = ("error", "nearest")
CONVENTIONS = ("half", "full")
INITS = ("uniform", "normal", "mean_plus_noise")

SAME_LEVEL = 1e-5  # two noise levels this close, relatively, are the same
