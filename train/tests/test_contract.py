"""What a contract refuses, by the field's name, and what it reads back."""

import numpy as np
import pytest
import torch

from ncsn_export import Contract, ContractError, formulas
from ncsn_export.metadata import text

GOOD = {"conditioning": "sigma", "output": "score", "sigmas": [4.0, 2.0, 1.0], "shape": [3, 8, 8]}

WRONG = [
    ("conditioning", {"conditioning": "sgima"}, "none, sigma"),
    ("conditioning", {"conditioning": None}, "missing"),
    ("output", {"output": "eps"}, "noise"),
    ("sigmas", {"sigmas": [1.0, 2.0]}, "descending"),
    ("sigmas", {"sigmas": [2.0, 1.0], "sigma_order": "ascending"}, "ascending"),
    ("sigmas", {"sigmas": [2.0, 2.0, 1.0]}, "level 1"),
    ("sigmas", {"sigmas": [1.0, float("nan")]}, "finite"),
    ("sigmas", {"sigmas": np.array([1.0, np.inf])}, "finite"),
    ("sigmas", {"sigmas": [1.0, 0.0]}, "positive"),
    ("sigmas", {"sigmas": []}, "0 levels"),
    ("sigmas", {"sigmas": "1,2"}, "not a list"),
    ("sigmas", {"sigmas": None}, "sigma_max"),
    ("sigma_min", {"sigmas": None, "sigma_max": 1.0, "levels": 3}, "go together"),
    ("sigma_max", {"sigmas": None, "sigma_max": 1.0, "sigma_min": 1.0, "levels": 3}, "above"),
    ("levels", {"levels": 4}, "3 levels"),
    ("levels", {"levels": float("inf")}, "whole"),
    ("sigma_max", {"sigma_max": 5.0}, "sigmas gives"),
    ("sigma_order", {"sigma_order": "up"}, "descending"),
    ("conditioning_scale", {"conditioning_scale": 0.25}, "does not use"),
    ("conditioning_scale", {"conditioning": "affine_log", "conditioning_scale": 0}, "alike"),
    ("conditioning_shift", {"conditioning": "time_scaled", "conditioning_shift": 1.0}, "affine_log does"),
    ("table", {"table": [1, 2, 3]}, "does not use"),
    ("table", {"conditioning": "table"}, "one value a level"),
    ("table", {"conditioning": "table", "table": [1, 2]}, "2 values for 3 levels"),
    ("table", {"conditioning": "table", "table": [1, 2, None]}, "finite"),
    ("sigmas", {"conditioning": "time01", "sigmas": [1.0]}, "two levels"),
    ("off_ladder", {"off_ladder": "nearest"}, "does not use"),
    ("sigma_data", {"output": "edm_raw"}, "0.5"),
    ("sigma_data", {"input_scaling": "sigma_data"}, "needs it"),
    ("sigma_data", {"sigma_data": -1}, "positive"),
    ("input_scaling", {"input_scaling": "c_in"}, "unit"),
    ("range", {"range": "0..1"}, "unit"),
    ("shape", {"shape": [3, 0]}, "positive"),
    ("shape", {"shape": [True]}, "positive"),
    ("classes", {"classes": 0}, "at least 1"),
    ("null_class", {"null_class": 3}, "without classes"),
    ("null_class", {"classes": 10, "null_class": 11}, "above 10"),
    ("input_names", {"input_names": ["x", "x"]}, "different"),
    ("input_names", {"input_names": ["a", "b", "c", "d"]}, "up to three"),
    ("input_names", {"input_names": ["x"]}, "no conditioning"),
    ("input_names", {"conditioning": "none", "input_names": ["x", "t"]}, "'none'"),
    ("classes", {"input_names": ["x", "s", "label"]}, "number of classes"),
    ("aux", {"aux": ["gain"]}, "object"),
    ("aux", {"aux": {"gain": float("nan")}}, "finite"),
    ("aux", {"aux": {"x": 1}, "input_names": ["x", "s"]}, "already"),
    ("first_channels", {"first_channels": 2}, "true or false"),
    ("step_size", {"step_size": float("nan")}, "finite"),
    ("step_convention", {"step_size": 0.1}, "'half'"),
    ("step_size", {"step_size": 2.0, "step_convention": "full"}, "diverges"),
    ("steps_per_level", {"steps_per_level": 0}, "at least 1"),
    ("denoise", {"denoise": "yes"}, "true or false"),
    ("license", {"license": 3}, "text"),
    ("selfcheck", {"selfcheck": {"seed": 1}}, "object"),
]


@pytest.mark.parametrize("field, changes, words", WRONG)
def test_refusals_start_with_the_field(field, changes, words):
    with pytest.raises(ContractError) as caught:
        Contract(**GOOD | changes)
    assert caught.value.field == field and str(caught.value).startswith(field + ":") and words in str(caught.value)


def test_what_a_contract_writes_it_reads():
    contract = Contract(
        **GOOD | {"conditioning": "table", "table": torch.tensor([9, 5, 0]), "sigmas": np.array([4, 2, 1], np.float32)},
        classes=10, null_class=10, aux={"gain": 1.5}, denoise=False, input_scaling="unit", description="a \"name\"",
    )  # fmt: skip
    texts = {key: text(value) for key, value in contract.entries().items()}
    assert texts["table"] == "[9,5,0]" and texts["denoise"] == "false" and texts["aux"] == '{"gain":1.5}'
    assert Contract.parse(texts) == contract


@pytest.mark.parametrize(
    "field, texts",
    [
        ("version", {}),
        ("version", {"version": "99"}),
        ("sigma", {"sigma": "1"}),
        ("sigmas", {"sigmas": "[1, 0.5, nan]"}),
        ("sigmas", {"sigmas": "[1, 1e999]"}),
        ("sigmas", {"sigmas": "[1, 0.5"}),
        ("aux", {"aux": '{"a":1,"a":2}'}),
        ("output", {"output": ""}),
        ("conditioning", {"output": "score"}),
    ],
)
def test_what_a_file_says_wrong_is_named(field, texts):
    texts = (
        {"version": "1", "conditioning": "sigma", "output": "score", "sigmas": "[1]"} | texts
        if len(texts) == 1
        else texts
    )
    if field == "conditioning":
        texts.pop("conditioning", None)
    with pytest.raises(ContractError) as caught:
        Contract.parse(texts)
    assert caught.value.field == field


def test_conditioning_values():
    def value(sigma=2.0, **changes):
        return formulas.conditioning_value(Contract(**GOOD | changes), sigma)

    assert value() == 2
    assert value(conditioning="log_sigma") == pytest.approx(np.log(2))
    assert value(conditioning="affine_log", conditioning_scale=0.25, conditioning_shift=1) == pytest.approx(
        0.25 * np.log(2) + 1
    )
    assert value(conditioning="level_desc") == 1 and value(4, conditioning="level_desc") == 0
    assert value(4, conditioning="level_asc") == 2
    assert value(conditioning="time01") == pytest.approx(0.5)
    assert value(conditioning="time_scaled", conditioning_scale=999) == pytest.approx(499.5)
    assert value(4, conditioning="table", table=[7, 5, 3]) == 7
    assert value(4, conditioning="table", table=[3, 5, 7], sigmas=[1, 2, 4], sigma_order="ascending") == 7
    assert value(3.9, conditioning="level_desc", off_ladder="nearest") == 0
    with pytest.raises(ContractError, match="none of the levels"):
        value(3.9, conditioning="level_desc")
    assert value(conditioning="none") is None


def test_one_score_in_six_spellings():
    """x = 1, sigma = 2, s = -0.75: D = -2; with sigma_data = 2, c_skip = 1/2 and c_out = sqrt 2."""
    x = np.array([[1.0]])
    for output, value, more in [
        ("score", -0.75, {}),
        ("scaled_score", -1.5, {}),
        ("noise", 1.5, {}),
        ("denoised", -2.0, {}),
        ("edm_raw", -2.5 / np.sqrt(2), {"sigma_data": 2}),
        ("v", 2.5 / np.sqrt(2), {"sigma_data": 2}),
        ("v", (0.2 * 1 + 2) / (2 / np.sqrt(5)), {}),
    ]:
        contract = Contract(**GOOD | {"output": output, "shape": [1]} | more)
        assert formulas.score(contract, x, 2.0, np.array([[value]])) == pytest.approx(-0.75)


def test_input_scales():
    def scale(**changes):
        return formulas.input_scale(Contract(**GOOD | changes), 2.0)

    assert scale() == 1 and scale(output="v") == pytest.approx(1 / np.sqrt(5))
    assert scale(output="edm_raw", sigma_data=0.5) == pytest.approx(1 / np.sqrt(4.25))
    assert scale(input_scaling="unit") == pytest.approx(1 / np.sqrt(5))
    assert scale(output="v", input_scaling="none") == 1
