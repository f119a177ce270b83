"""Images in prompts: how many tokens they are says the model itself."""

import json

import pytest

import thoplw
from in_process import in_process
from language_models import SMALL
from thoplw._models import import_torchvision

import_torchvision()
transformers = pytest.importorskip("transformers")

VISION = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "image_size": 32,
    "patch_size": 8,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
}
GRID = {"depth": 2, "num_heads": 4, "hidden_size": 32, "intermediate_size": 64, "patch_size": 8, "out_hidden_size": 64}


def llava():
    return transformers.LlavaConfig(
        vision_config=transformers.CLIPVisionConfig(**VISION),
        text_config=transformers.LlamaConfig(**SMALL),
        image_token_index=250,
    )


def qwen():
    """Merges 2 x 2 patches into a token."""
    text = SMALL | {"head_dim": 16, "rope_parameters": {"rope_type": "default", "mrope_section": [4, 2, 2]}}
    return transformers.Qwen2_5_VLConfig(vision_config=GRID, text_config=text, image_token_id=250)


TOWER = 2 * (4 * 32 * 32 + 2 * 32 * 64)  # of a patch and a class token: four matrices of attention, and an MLP


@pytest.mark.parametrize("images", [1, 2])
def test_tokens_of_a_config(images):
    """(32 / 8)^2 patches of 3 * 8 * 8 pixels, and a class token that the tower alone has."""
    text, seen = (thoplw.llm(llava(), context=40, images=n).all for n in (0, images))
    tokens, projector = 16, 32 * 64 + 64 * 64
    attention = 2 * 2 * 17**2 * 32  # layers, scores and values
    image = tokens * 3 * 8 * 8 * 32 + 17 * TOWER + attention + tokens * projector
    assert seen["prefill_macs"] - text["prefill_macs"] == images * image
    assert seen["cache"] == text["cache"]
    assert seen["decode_macs"] == text["decode_macs"]


def test_patches_of_a_size():
    one, wide = (thoplw.llm(qwen(), context=64, images=1, image_size=size).all for size in ((32, 32), (32, 96)))
    assert wide["prefill_macs"] > one["prefill_macs"]
    with pytest.raises(thoplw.Error, match="images take 17 tokens of each prompt, which has 16: give a larger context"):
        thoplw.llm(qwen(), context=16, images=1, image_size=(64, 64))  # (64 / 8 / 2)^2, and one between images


@pytest.mark.parametrize(
    ("config", "more", "message"),
    [
        (lambda: transformers.LlamaConfig(**SMALL), {"images": 1}, "LlamaForCausalLM takes no images"),
        (qwen, {"images": 1}, "does not say how large an image is"),
        (qwen, {"images": 1, "image_size": (30, 32)}, "give a multiple of 16"),
        (llava, {"images": 1, "context": 16}, "images take 17 tokens of each prompt, which has 16"),
        (llava, {"images": -1}, "images must be a whole number"),
        (llava, {"images": 1, "inputs": lambda batch, context: {}}, "leave one of them out"),
    ],
)
def test_refused(config, more, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.llm(config(), **more)


def test_command(tmp_path):
    qwen().save_pretrained(tmp_path)
    asked = ("llm", str(tmp_path), "--context", "64", "-k", "json")
    code, text, said = in_process(*asked, "--images", "2", "--image-size", "32x64")
    assert code == 0, said
    found = thoplw.llm(qwen(), context=64, images=2, image_size=(32, 64)).all
    assert json.loads(text)["figures"]["prefill_macs"]["all"] == found["prefill_macs"]
    code, _, said = in_process(*asked, "--images", "1", "--image-size", "32xbig")
    assert code == 2
    assert "image-size" in said
