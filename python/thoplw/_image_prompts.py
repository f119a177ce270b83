"""Prompts with images: how large they are says the config, how many tokens stand for them the model itself."""

from __future__ import annotations

import inspect
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from thoplw import _native
from thoplw._native import Error
from thoplw._transformers import image_of

if TYPE_CHECKING:
    import torch

# How many there are in a prompt, and their height and width; None: as the config says.
Images = tuple[int, "tuple[int, int] | None"]

_CURE = "give the inputs of prompts in Python: thoplw.llm(model, inputs=function)"
# What models take beside pixels: sizes of images, patches of each (frames, rows, columns), and which pixels there are.
_KNOWN = {"pixel_values", "image_sizes", "image_grid_thw", "pixel_attention_mask"}

# How many tokens images turn into, by the pass that asked: what a pass keeps elsewhere is put back.
_tokens: ContextVar[list[int]] = ContextVar("tokens")


class ImagePrompts:
    """Inputs of prompts with some images each, by batch and context."""

    def __init__(self, model: Any, images: int, size: tuple[int, int] | None) -> None:
        if not isinstance(images, int) or images < 1:
            raise Error(f"images must be a whole number of 1 or more, not {_native.shown(images)}")
        self.model, self.images = model, images
        name, config = type(model).__name__, model.config
        if not hasattr(model, "get_image_features") or "pixel_values" not in _parameters(model.forward):
            raise Error(f"{name} takes no images: leave images out")
        asks = _parameters(model.get_image_features)
        self.needs = {name for name, p in asks.items() if p.default is p.empty and p.kind != p.VAR_KEYWORD}
        self.needs |= {"image_grid_thw", "pixel_attention_mask"} & {*asks}
        token = getattr(config, "image_token_id", None)
        self.token = getattr(config, "image_token_index", None) if token is None else token
        if self.token is None or not self.needs <= _KNOWN:
            raise Error(f"{name} takes more than pixels, and its config does not say what: {_CURE}")
        self.size = _size(model, size)
        self.tokens = self._tokens()

    def __call__(self, batch: int, context: int) -> dict[str, Any]:
        import torch

        each = self.tokens // self.images
        taken = self.images * (each + 1)  # with a token between them, as some count images by that
        if taken > context:
            raise Error(f"images take {taken} tokens of each prompt, which has {context}: give a larger context")
        ids = torch.full((batch, context), 0 if self.token else 1)
        for image in range(self.images):
            start = image * (each + 1)
            ids[:, start : start + each] = self.token
        more = {}
        if "mm_token_type_ids" in _parameters(self.model.forward):
            more["mm_token_type_ids"] = (ids == self.token).to(torch.int32)
        return {"input_ids": ids, **self._images(batch), **more}

    def _images(self, batch: int) -> dict[str, torch.Tensor]:
        import torch

        count, size = batch * self.images, self.size
        given = {}
        shape: tuple[int, ...] = (count, *size)
        if "image_grid_thw" in self.needs:
            rows, columns, features = _patches(self.model, size)
            given["image_grid_thw"] = torch.tensor([[1, rows, columns]]).repeat(count, 1)
            shape = (count * rows * columns, features)
        elif "pixel_attention_mask" in self.needs:
            shape = (batch, self.images, *size)
            given["pixel_attention_mask"] = torch.ones((batch, self.images, *size[1:]), dtype=torch.bool)
        if "image_sizes" in self.needs:
            given["image_sizes"] = torch.tensor([size[1:]]).repeat(count, 1)
        pixels = torch.empty(shape, dtype=next(self.model.parameters()).dtype, device="meta")
        return {"pixel_values": pixels, **given}

    def _tokens(self) -> int:
        """Of one prompt: as many as there are features of its images."""
        import torch

        model = self.model

        class Features(torch.nn.Module):  # type: ignore[misc]
            def __init__(self) -> None:
                super().__init__()
                self.model = model

            def forward(self, given: dict[str, torch.Tensor]) -> None:
                features = model.get_image_features(**given)
                _tokens.get().append(_rows(getattr(features, "pooler_output", features)))

        features = Features()
        features.training = model.training  # of this module alone, whatever those inside say
        counted: list[int] = []
        token = _tokens.set(counted)
        try:
            _native.capture(features, (self._images(1),), {}, {})
        except Error as failure:
            raise Error(f"{failure}; if an image is something else to {type(model).__name__}, {_CURE}") from failure
        finally:
            _tokens.reset(token)
        return counted[-1]


def _parameters(function: Any) -> dict[str, inspect.Parameter]:
    return dict(inspect.signature(function).parameters)


def _size(model: Any, size: tuple[int, int] | None) -> tuple[int, ...]:
    """Channels, height and width."""
    config = getattr(model.config, "vision_config", model.config)
    if size is not None:
        channels: Any = getattr(config, "num_channels", None) or getattr(config, "in_channels", 3)
        return channels, *size
    if (image := image_of(config)) is None:
        raise Error(
            f"{type(model).__name__}: its config does not say how large an image is: say --image-size, or image_size="
        )
    return image[0][1:]


def _patches(model: Any, size: tuple[int, ...]) -> tuple[int, int, int]:
    """Rows and columns of patches, and the numbers in one of them: models with a grid take images as patches."""
    config = model.config.vision_config
    patch, merged = config.patch_size, getattr(config, "spatial_merge_size", 1)
    channels, height, width = size
    if height % (patch * merged) or width % (patch * merged):
        raise Error(f"an image of {height}x{width} is no whole number of patches: give a multiple of {patch * merged}")
    return height // patch, width // patch, channels * getattr(config, "temporal_patch_size", 1) * patch * patch


def _rows(features: Any) -> int:
    if isinstance(features, (list, tuple)):
        return sum(_rows(part) for part in features)
    return int(features.numel() // features.shape[-1])
