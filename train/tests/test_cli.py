"""The command: from a checkpoint to a file, the tables it prints, its exit codes."""

import copy
import json
import subprocess
import sys

import cases
import diffusers
import numpy as np
import onnx
import pytest
import standins
import torch
from conftest import ROOT
from exported import exported

from ncsn_export import recipes
from ncsn_export.cli import main
from ncsn_export.contract import Contract
from ncsn_export.metadata import get_metadata
from ncsn_export.runtime import Network
from ncsn_export.wiring import wire

BARE = ROOT / "tests" / "models" / "gauss_bare.onnx"
SIGMAS = np.geomspace(3, 0.1, 6)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A working directory with a module that builds networks, as a user has it."""
    (tmp_path / "mymodels.py").write_text(
        "import numpy as np\nimport torch\nimport standins\n"
        "def make_net():\n    return standins.RefineV2(np.geomspace(3, 0.1, 6))\n"
        "def make_from(config):\n    return standins.CondRefineNet(config['model']['num_classes'])\n"
        "def make_nothing():\n    return 3\n"
        "def make_two(a, b):\n    return None\n"
        "def make_vp():\n    return {'net': standins.TimestepNet(10), "
        "'alphas_cumprod': torch.cumprod(1 - torch.linspace(0.01, 0.4, 10), 0)}\n",
        encoding="utf-8",
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.modules.pop("mymodels", None)
    np.save(tmp_path / "sigmas.npy", SIGMAS)
    return tmp_path


def weights(seed):
    torch.manual_seed(seed)
    return standins.RefineV2(SIGMAS).state_dict()


def output_of(path, sigma):
    model = onnx.load(path)
    contract = Contract.parse(get_metadata(model))
    x = np.random.default_rng(0).standard_normal((2, *contract.shape)).astype(np.float32)
    return x, Network(path, contract, wire(contract, model))(x, sigma)


def parameters(state):
    return {name: value for name, value in state.items() if name != "sigmas"}


CHECKPOINTS = {
    "a state dict": (weights(2), [], "the file itself"),
    "of DataParallel": ({f"module.{name}": value for name, value in weights(2).items()}, [], "the file itself"),
    "NCSNv2's list": ([weights(1), {"state": {}, "param_groups": []}, 3, 100, parameters(weights(2))], [], "entry 4"),
    "an entry of a list": ([weights(2), {"state": {}}, 3, 100, parameters(weights(1))], ["--weights-key", "0"], "'0'"),
    "averages in a dict": ({"model": weights(1), "ema": weights(2), "step": 3}, [], "'ema'"),
    "a named part": ({"model": weights(2), "ema": weights(1)}, ["--weights-key", "model"], "'model'"),
    "score_sde's list of tensors": (
        {
            "model": weights(1),
            "ema": {"decay": 0.999, "num_updates": 7, "shadow_params": list(parameters(weights(2)).values())},
        },
        [],
        "'ema'",
    ),
}


@pytest.mark.parametrize("form", CHECKPOINTS)
def test_a_checkpoint_and_a_factory(form, folder, capsys):
    checkpoint, more, said = CHECKPOINTS[form]
    torch.save(checkpoint, "ckpt.pth")
    words = "export --recipe ncsnv2 --factory mymodels:make_net --checkpoint ckpt.pth --shape 3x8x8 -o net.onnx".split()
    assert main(words + ["--sigmas", "sigmas.npy", "--step-size", "1e-3", "--step-convention", "full", *more]) == 0
    printed = capsys.readouterr().out
    assert f"ckpt.pth: weights from {said}" in printed and "largest relative difference" in printed
    net = standins.RefineV2(SIGMAS)
    net.load_state_dict(weights(2))
    x, actual = output_of("net.onnx", SIGMAS[2])
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(x), torch.tensor([2, 2])).numpy()
    np.testing.assert_allclose(actual, expected, rtol=1e-3, atol=1e-4 * np.abs(expected).max())


def test_a_configuration(folder, capsys):
    config = {
        "model": {"sigma_begin": 1, "sigma_end": 0.01, "num_classes": 10},
        "data": {"channels": 1, "image_size": 8},
    }
    (folder / "mnist.yml").write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML
    words = "export --recipe ncsn --factory mymodels:make_from --config mnist.yml -o net.onnx --no-sanity"
    assert main([*words.split(), "--description", "digits"]) == 0
    assert main(["show", "net.onnx"]) == 0
    printed = capsys.readouterr().out
    for words in ("10 levels, 1 to 0.01", "level_desc", "'level' int64 [?]", "2e-05", "digits", "64 values at sigma"):
        assert words in printed, words


def test_a_saved_pipeline(tmp_path, capsys):
    """What save_pretrained wrote, of each of the three families."""
    for name, directory in (("diffusers_ve", "ve"), ("diffusers_ncsn", "ncsn"), ("diffusers_vp_noise", "vp")):
        case, done = exported(name, "torchscript")
        case.module.net.save_pretrained(tmp_path / directory / "unet")
        scheduler_of(name).save_pretrained(tmp_path / directory / "scheduler")
        recipe = name.removesuffix("_noise").replace("_", "-")
        out = tmp_path / f"{directory}.onnx"
        assert main(["export", "--recipe", recipe, "--checkpoint", str(tmp_path / directory), "-o", str(out)]) == 0
        contract = Contract.parse(get_metadata(onnx.load(out)))
        assert contract.with_(selfcheck=None) == done.contract.with_(selfcheck=None)
        assert np.allclose(contract.selfcheck["expected"], done.contract.selfcheck["expected"], rtol=1e-4, atol=1e-5)


def scheduler_of(name):
    if name == "diffusers_ve":
        return diffusers.ScoreSdeVeScheduler(num_train_timesteps=8, snr=0.17, sigma_min=0.05, sigma_max=4.0)
    if name == "diffusers_ncsn":
        return cases.AnnealedLangevinDynamicsScheduler(
            num_train_timesteps=6, num_annealed_steps=3, sigma_min=0.05, sigma_max=1, sampling_eps=4e-4
        )
    return diffusers.DDPMScheduler(num_train_timesteps=12, beta_start=0.01, beta_end=0.5)


def test_a_recipe_s_own_arguments(folder, capsys):
    assert (
        main("export --recipe vp --factory mymodels:make_vp --set prediction=v --shape 3x8x8 -o net.onnx".split()) == 0
    )
    assert get_metadata(onnx.load("net.onnx"))["output"] == "v"
    assert main("export --recipe vp --factory mymodels:make_vp --set colour=v --shape 3x8x8 -o net.onnx".split()) == 1
    assert "colour" in capsys.readouterr().err


FAILURES = [
    (1, "annotate {bare} -o out.onnx --conditioning sigma --output score", "sigmas: the noise levels are missing"),
    (1, "annotate {bare} -o out.onnx --conditioning sigma --output score --sigmas 0.1,1", "sigmas: "),
    (1, "show {bare}", "no ncsn.* metadata"),
    (2, "annotate {bare} --conditioning sigma", "required"),
    (2, "annotate {bare} -o out.onnx --conditioning sgima", "invalid choice"),
    (2, "annotate {bare} -o out.onnx --sigmas nowhere.npy", "nowhere.npy"),
    (2, "annotate {bare} -o out.onnx --sigmas one,two", "no list of numbers"),
    (2, "annotate {bare} -o out.onnx --shape 3xa", "not a shape"),
    (2, "annotate {bare} -o out.onnx --denoise perhaps", "neither true nor false"),
    (2, "annotate {bare} -o out.onnx --aux gain", "NAME=NUMBER"),
    (2, "annotate {bare} -o out.onnx --aux a=1 --aux a=2", "twice"),
    (
        2,
        "annotate nowhere.onnx -o out.onnx --conditioning sigma --output score --sigmas 1",
        "nowhere.onnx: no such file",
    ),
    (2, "annotate {bare} -o no/where.onnx --conditioning sigma --output score --sigmas 1", "no"),
    (2, "show", "required"),
    (2, "export --recipe ncsnv3 -o net.onnx", "invalid choice"),
    (1, "export --recipe ncsnv2 -o net.onnx", "--factory module:function"),
    (1, "export --recipe diffusers-ve -o net.onnx", "folder of a saved pipeline"),
    (1, "export --recipe ncsnv2 --factory mymodels -o net.onnx", "not MODULE:FUNCTION"),
    (1, "export --recipe ncsnv2 --factory mymodels:absent -o net.onnx", "cannot import"),
    (1, "export --recipe ncsnv2 --factory mymodels:make_nothing -o net.onnx", "not a torch.nn.Module"),
    (1, "export --recipe ncsnv2 --factory mymodels:make_two -o net.onnx", "needs a, b"),
    (1, "export --recipe ncsnv2 --factory mymodels:make_net -o net.onnx", "shape: "),
    (1, "export --recipe ncsnv2 --factory mymodels:make_net --shape 3x8x8 --levels 3 -o net.onnx", "sigma_max: "),
    (1, "export --recipe ncsnv2 --factory mymodels:make_net --shape 3x8x8 --set divided -o net.onnx", "not NAME=VALUE"),
    (
        1,
        "export --recipe ncsnv2 --factory mymodels:make_net --checkpoint mymodels.py --shape 3x8x8 -o net.onnx",
        "not a checkpoint",
    ),
    (2, "export --recipe ncsnv2 --factory mymodels:make_net --checkpoint no.pth --shape 3x8x8 -o net.onnx", "no.pth"),
    (
        1,
        "export --recipe ncsnv2 --factory mymodels:make_net --checkpoint other.pth --shape 3x8x8 -o net.onnx",
        "do not fit the module",
    ),
    (
        1,
        "export --recipe ncsnv2 --factory mymodels:make_net --checkpoint text.pth --shape 3x8x8 -o net.onnx",
        "no weights found",
    ),
]


@pytest.mark.parametrize("code, command, words", FAILURES, ids=[row[1].replace("{bare}", "bare") for row in FAILURES])
def test_exit_codes_and_what_is_said(code, command, words, folder, capsys):
    torch.save({"weight": torch.zeros(2)}, "other.pth")
    torch.save({"epoch": 3}, "text.pth")
    try:
        found = main(command.format(bare=BARE).split())
    except SystemExit as left:  # argparse
        found = left.code
    error = capsys.readouterr().err
    assert found == code and any(word in error for word in words.split("|")), error
    assert not any((folder / name).exists() for name in ("out.onnx", "net.onnx"))


def test_recipes_are_listed_and_documented(capsys):
    assert main(["recipes"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in printed] == list(recipes.TABLE)
    assert all(len(recipes.function(name).__doc__) > 40 for name in recipes.TABLE)
    assert {build.__name__.split("_")[0] for build, _ in cases.CASES.values()} >= {
        n.split("-")[0] for n in recipes.TABLE
    }


def test_the_module_runs_as_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "ncsn_export", "recipes"], capture_output=True, text=True, cwd=ROOT / "train"
    )
    assert done.returncode == 0 and "ncsnv2" in done.stdout


def test_averages_do_not_touch_what_they_came_from():
    net = standins.RefineV2(SIGMAS)
    before = copy.deepcopy(net.state_dict())
    from ncsn_export.weights import prepared

    prepared(net, {name: value + 1 for name, value in parameters(before).items()})
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
