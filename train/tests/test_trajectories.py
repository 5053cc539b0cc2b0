"""Exported files through libncsn, against the project's own sampler, fed the same noise.

The library is the one in NCSN_TEST_LIBRARY, by default target/debug/libncsn.so of this source tree.
"""

import cases
import job
import library
import numpy as np
import pytest
import reference
import torch
from diffusers import ScoreSdeVeScheduler
from exported import exported
from ncsn.pipeline_ncsn import NCSNPipeline

from ncsn_export import Contract, export

COUNT, BATCH = 4, 3  # a batch size that does not divide the number of samples
TOLERANCE = 1e-4
KAPPA, STEPS = 0.3, 2


def close(actual, expected, tolerance=TOLERANCE):
    scale = np.abs(expected).max()
    assert np.isfinite(actual).all() and scale > 0
    assert np.abs(actual - expected).max() <= tolerance * scale


def native_score(case):
    def score(x, sigma, level):
        with torch.no_grad():
            return case.native(torch.from_numpy(np.asarray(x, np.float32)), sigma, level).numpy()

    return score


def run_library(path, sigmas, steps, label=None):
    """(samples, the noise they saw) of annealed Langevin at KAPPA over the file's own ladder, denoised."""
    with library.Model.open(path) as model:
        noise = job.Noise(COUNT, model.shape)
        callback = noise.callback()
        given = {} if label is None else {"labels": np.full(COUNT, label)}
        samples = model.sample(
            sample_count=COUNT, batch_size=BATCH, first_sample=job.FIRST, noise=callback, denoise=1,
            step_size=KAPPA * sigmas[-1] ** 2, sampler=library.NCSN_SAMPLER_ANNEALED_LANGEVIN,
            step_convention=library.NCSN_STEP_FULL, steps_per_level=steps, init_kind=library.NCSN_INIT_NORMAL, **given,
        )  # fmt: skip
    return samples, noise


def langevin(score, sigmas, steps, noise):
    """The same by our own loop."""
    x, epsilon = np.float32(sigmas[0]) * noise.initial(0), KAPPA * sigmas[-1] ** 2
    return reference.annealed_langevin(score, x, sigmas, epsilon, reference.FULL, steps, noise.langevin, True)


@pytest.mark.parametrize("name", cases.CASES)
def test_annealed_langevin_on_every_recipe(name):
    """Against our own loop around the torch module, with the family's own definition of the score."""
    case, done = exported(name, cases.CASES[name][1][0])
    sigmas = done.contract.ladder()
    with library.Model.open(done.path) as model:
        assert model.shape == tuple(done.contract.shape)
        assert np.allclose(model.sigmas, sigmas, rtol=1e-12)
    actual, noise = run_library(done.path, sigmas, STEPS, case.label)

    def expected(score):
        return langevin(score, sigmas, STEPS, noise)

    wanted = expected(native_score(case))
    close(actual, wanted)
    # The comparison means something only where the network moves the chains far more than the tolerance.
    still = expected(lambda x, sigma, level: np.zeros_like(x))
    assert np.abs(wanted - still).max() > 100 * TOLERANCE * np.abs(wanted).max()


def test_diffusers_ncsn_pipeline():
    """The package's own pipeline and scheduler, from start to end."""
    _, done = exported("diffusers_ncsn", "torchscript")
    torch.manual_seed(3)
    net, scheduler = diffusers_ncsn_parts()
    states = []

    def keep(pipeline, step, timestep, tensors):
        states.append(tensors["sample"].clone())
        return {}

    pipeline = NCSNPipeline(unet=net, scheduler=scheduler)
    pipeline.set_progress_bar_config(disable=True)
    torch.manual_seed(11)  # the scheduler draws from the global generator
    pipeline(
        batch_size=COUNT, num_inference_steps=6, generator=torch.Generator().manual_seed(12), output_type="np",
        callback_on_step_end=keep, callback_on_step_end_tensor_inputs=["sample"],
    )  # fmt: skip

    shape = (COUNT, *done.contract.shape)
    start = torch.rand(shape, generator=torch.Generator().manual_seed(12)).numpy()
    torch.manual_seed(11)
    draws = {
        (level, step): torch.randn(shape).numpy() for level in range(6) for step in range(scheduler.num_annealed_steps)
    }

    def replay(request, block):
        rows = draws[request.level, request.step].reshape(COUNT, -1)
        block[:] = rows[request.first_sample : request.first_sample + request.sample_count]

    hook = library.hook("ncsn_noise_fn", replay)
    with library.Model.open(done.path) as model:
        # Step size, convention, steps and denoising are the file's.
        actual = model.sample(
            sample_count=COUNT, batch_size=BATCH, noise=hook, init_kind=library.NCSN_INIT_GIVEN, init=start
        )
    close(actual, states[-1].numpy())


def diffusers_ncsn_parts():
    case, _ = exported("diffusers_ncsn", "torchscript")
    scheduler = cases.AnnealedLangevinDynamicsScheduler(
        num_train_timesteps=6, num_annealed_steps=3, sigma_min=0.05, sigma_max=1, sampling_eps=4e-4
    )
    return case.module.net, scheduler


def test_diffusers_score_sde_ve_corrector():
    """Each corrector step of a predictor-corrector run by diffusers' own scheduler, done again as one Langevin step.

    The scheduler's step size is the mean over the batch, so the batch is of one sample.
    """
    case, done = exported("diffusers_ve", "torchscript")
    net = case.module.net
    scheduler = ScoreSdeVeScheduler(num_train_timesteps=8, snr=0.17, sigma_min=0.05, sigma_max=4.0)
    generator = torch.Generator().manual_seed(2)
    x = 4 * torch.randn((1, *done.contract.shape), generator=generator)
    with library.Model.open(done.path) as model, torch.no_grad():
        for t, sigma in zip(scheduler.timesteps, scheduler.sigmas, strict=True):
            score = net(x, sigma[None]).sample
            state = generator.get_state()
            corrected = scheduler.step_correct(score, x, generator=generator).prev_sample
            generator.set_state(state)
            z = torch.randn(x.shape, generator=generator)
            a = float((scheduler.config.snr * z.norm() / score.norm()) ** 2 * 2)
            flat = z.reshape(1, -1).numpy()
            hook = library.hook("ncsn_noise_fn", lambda request, block, flat=flat: np.copyto(block, flat))
            actual = model.sample(
                sample_count=1, noise=hook, sampler=library.NCSN_SAMPLER_LANGEVIN, sigmas=[float(sigma)],
                step_convention=library.NCSN_STEP_FULL, step_size=a, steps_per_level=1, denoise=0,
                init_kind=library.NCSN_INIT_GIVEN, init=x.numpy(),
            )  # fmt: skip
            close(actual - x.numpy(), (corrected - x).numpy())  # of the step itself, which is small beside x
            x = scheduler.step_pred(net(corrected, sigma[None]).sample, t, corrected, generator=generator).prev_sample


class Gains(torch.nn.Module):
    """net(x, sigma, one-hot, gain) -> D; the gain is an auxiliary input."""

    def __init__(self):
        super().__init__()
        self.conv, self.rows = torch.nn.Conv2d(2, 2, 3, padding=1), torch.nn.Linear(3, 2, bias=False)

    def forward(self, x, sigma, rows, gain):
        told = self.rows(rows.to(x.dtype))[:, :, None, None] * gain.to(x.dtype)[:, None, None, None]
        c = 1 / (1 + sigma.to(x.dtype)[:, None, None, None])
        return c * (self.conv(c * x) + told)


@pytest.mark.parametrize(
    "dtype, io_dtype, tolerance",
    [("float32", "float32", 1e-4), ("float32", "float16", 1e-2), ("float16", "float16", 1e-2)],
)
def test_one_hot_classes_auxiliary_inputs_and_half_precision(dtype, io_dtype, tolerance, tmp_path):
    """Against the network in float32. In half precision each evaluation is off by a few 2^-11 of its RMS, and D is
    not divided by anything small; docs/models.md."""
    torch.manual_seed(4)
    net, out, sigmas = Gains(), tmp_path / "net.onnx", cases.ladder(2, 0.2, 6)
    contract = Contract(
        conditioning="sigma",
        output="denoised",
        sigmas=sigmas,
        shape=[2, 4, 4],
        classes=3,
        null_class=3,
        aux={"gain": 1.5},
    )
    export(
        net, contract, out, class_input="one_hot", dtype=dtype, io_dtype=io_dtype, report=lambda line: None,
        **({"conditioning_dtype": "float16"} if dtype == "float16" else {}),
    )  # fmt: skip
    for label in (1, 3):
        rows = torch.eye(4)[label, :3].expand(COUNT, 3)

        def score(x, sigma, level, rows=rows):
            x = torch.from_numpy(np.asarray(x, np.float32))
            with torch.no_grad():
                return ((net(x, cases.full(x, sigma), rows, cases.full(x, 1.5)) - x) / sigma**2).numpy()

        actual, noise = run_library(out, sigmas, STEPS, label)
        close(actual, langevin(score, sigmas, STEPS, noise), tolerance)
