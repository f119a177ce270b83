"""Masks and other values that follow from known ones: how many elements they pick is known without a real forward."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

import thoplw

ROWS, WIDTH, OUT = 6, 8, 4
EMPTY = 2  # rows of zeros, at the start
FULL = ROWS - EMPTY


def rows() -> torch.Tensor:
    x = torch.ones(ROWS, WIDTH)
    x[:EMPTY] = 0
    return x


class Picks(nn.Module):
    """A linear layer on what `pick` leaves of the input."""

    def __init__(self, pick: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.layer = nn.Linear(WIDTH, OUT)
        self.pick = pick

    def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
        return self.layer(self.pick(*inputs))


def picked(pick: Callable[..., torch.Tensor], device: str, *inputs: torch.Tensor) -> int:
    """How many rows went into the layer, without a real forward."""
    model = Picks(pick).to(device)
    macs, _, info = thoplw.profile(model, list(inputs), convention="exact", verbose=False)
    assert (info.exact, info.notes) == (True, [])
    assert macs == real_macs(Picks(pick), *inputs)
    return macs // (WIDTH * OUT)


def real_macs(model: nn.Module, *inputs: torch.Tensor) -> int:
    with torch.no_grad():
        return model(*(x.clone() for x in inputs)).numel() * WIDTH


on_both = pytest.mark.parametrize("device", ["cpu", "meta"])


def is_full(x: torch.Tensor) -> torch.Tensor:
    return (x == 0).sum(-1) != WIDTH


def written(x: torch.Tensor) -> torch.Tensor:
    keep = is_full(x)
    keep[0] |= ~keep.any()
    keep[1:3] = True
    return x[keep]  # all but the first row


def written_through_a_view(x: torch.Tensor) -> torch.Tensor:
    keep = is_full(x)
    keep.view(2, 3)[0].logical_not_()
    return x[keep]


PICKS = [
    (lambda x: x[is_full(x)], FULL),
    (lambda x: x[~is_full(x)], EMPTY),
    (lambda x: x[is_full(x), :], FULL),
    (lambda x: x[:, x[0] == 0].T[:, :1].expand(-1, WIDTH), WIDTH),
    (lambda x: x[x != 0].view(-1, WIDTH), FULL),
    (lambda x: x.masked_select(is_full(x)[:, None]).view(-1, WIDTH), FULL),
    (lambda x: x[: int(is_full(x).sum())], FULL),
    (lambda x: x[: sum(is_full(x).tolist())], FULL),
    (lambda x: x[is_full(x).nonzero().squeeze(-1)], FULL),
    (lambda x: x[torch.where(is_full(x))], FULL),
    (lambda x: x[is_full(x.to(torch.float64).view(2, 3, WIDTH)).flatten()], FULL),
    (lambda x: torch.stack([row for row in x.unbind() if bool(row.any())]), FULL),
    (lambda x: torch.cat(x.split([*is_full(x).long().add(1).tolist()[:1], ROWS - 1])), ROWS),
    (written, ROWS - 1),
    (written_through_a_view, EMPTY + 3),  # of the first three rows those that are empty, and the other three
]


@on_both
@pytest.mark.parametrize(("pick", "count"), PICKS)
def test_values_of_an_input_of_floats(pick, count, device):
    assert picked(pick, device, rows()) == count


LIKE = [
    lambda y: torch.ones_like(y[:, 0], dtype=torch.bool),
    lambda y: y.new_ones(ROWS) > 0,
    lambda y: y.new_full((ROWS,), 2).bool(),
    lambda y: torch.full_like(y[:, 0], 2).bool(),
    lambda y: ~torch.zeros_like(y[:, 0], dtype=torch.bool),
    lambda y: torch.ones(1, dtype=torch.bool, device=y.device).expand_as(y[:, 0]),
    lambda y: torch.ones(2, 3, dtype=torch.int64, device=y.device).view_as(y[:, 0]).bool(),
]


@on_both
@pytest.mark.parametrize("like", LIKE)
def test_of_some_operands_only_the_shape_matters(like, device):
    """A random tensor stands for what weights have made."""
    assert picked(lambda x: x[like(torch.rand_like(x))], device, rows()) == ROWS


@on_both
def test_a_mask_like_an_activation_is_written_to_by_lists(device):
    def pick(x: torch.Tensor) -> torch.Tensor:
        y = torch.rand_like(x)
        mask = torch.full_like(y[:, 0], True).bool()
        mask[[0, 2]] = False
        mask[torch.tensor([3])] = False
        return x[mask]

    assert picked(pick, device, rows()) == ROWS - 3


def test_what_was_made_like_another_and_written_to_is_unknown():
    def pick(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
        mask = torch.ones_like(x[:, 0], dtype=torch.bool)
        mask &= layer(x)[:, 0] > 9
        return layer(x[mask])

    with torch.device("meta"):
        model = unknown(pick)
    with pytest.raises(thoplw.Error, match="looks at values"):
        thoplw.profile(model, rows(), verbose=False)


IDS = torch.tensor([[5, 9, 9, 7, 9, 5]])


@on_both
def test_a_mask_that_was_expanded_past_what_is_computed_at_once(device):
    def pick(x: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        embeds = x.new_zeros(1, ROWS, 1 << 18)
        mask = (ids == 9).unsqueeze(-1).expand_as(embeds).to(embeds.device)
        return embeds[mask].view(3, -1)[:, :WIDTH]  # raises for any other number of trues

    assert picked(pick, device, rows(), IDS) == 3


@on_both
def test_a_large_mask_that_was_computed(device):
    def pick(x: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        large = torch.arange(1 << 21, device=x.device) % 4  # more than what is computed at once
        mask = (large == 1) | (large == 2)
        mask[:8] = False
        many = x.new_zeros(1 << 21)[mask]
        return many[: (many.numel() - (1 << 20) + 4) + 3 * WIDTH].view(-1, WIDTH)

    # a half of 2^21, but for 4 of the first 8
    assert picked(pick, device, rows(), IDS) == 3


@on_both
def test_put_by_a_mask(device):
    def pick(x: torch.Tensor, ids: torch.Tensor) -> torch.Tensor:
        y = x.index_put(((ids == 9)[0],), x.new_ones(3, WIDTH))
        y[(ids == 5)[0]] = x.new_ones(2, WIDTH)
        return y.masked_scatter((ids == 7).T.expand(ROWS, WIDTH), x)

    assert picked(pick, device, rows(), IDS) == ROWS


def unknown(function: Callable[[nn.Module, torch.Tensor], Any]) -> nn.Module:
    class Asks(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(WIDTH, OUT)

        def forward(self, x: torch.Tensor) -> Any:
            return function(self.layer, x)

    return Asks()


def another_view(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    first, flat = x.view(ROWS, WIDTH), x.flatten()
    assert flat[0] == 0
    first[0] = layer(x).sum()
    return layer(x[is_full(flat.view(ROWS, WIDTH))])


# Each takes a mask from what weights have made, or from what was written to since; the second number is that of rows.
UNKNOWN = [
    another_view,
    lambda layer, x: layer(x[layer(x)[:, 0] > 9]),
    lambda layer, x: layer(x[is_full(x + layer(x).sum())]),
    lambda layer, x: layer(x.add_(layer(x).sum())[is_full(x)]),
    lambda layer, x: layer(x[is_full(torch.zeros_like(x).copy_(layer(x).sum().expand_as(x)))]),
    lambda layer, x: layer(x[is_full(torch.empty_like(x).fill_(0).add_(layer(x)[:, :1]))]),
]


@pytest.mark.parametrize("function", UNKNOWN)
def test_unknown_values_are_not_guessed(function):
    model = unknown(function)
    count, _, info = thoplw.profile(model, rows(), convention="exact", verbose=False)
    expected = sum(counted_for_real(model, rows()))
    assert count == expected
    assert "one real forward" in info.notes[0]
    with pytest.raises(thoplw.Error, match="looks at values"):
        thoplw.profile(model.to("meta"), rows(), verbose=False)


def counted_for_real(model: nn.Module, x: torch.Tensor) -> list[int]:
    counts: list[int] = []
    hook = model.layer.register_forward_hook(lambda _, inputs, output: counts.append(output.numel() * WIDTH))
    with torch.no_grad():
        model.eval()(x)
    hook.remove()
    return counts


def test_a_copy_that_was_written_to_says_nothing_of_the_input():
    def pick(x: torch.Tensor) -> torch.Tensor:
        copy = x.double() * 2
        copy += torch.rand_like(copy)
        return x[is_full(x)]

    for device in ("cpu", "meta"):
        assert picked(pick, device, rows()) == FULL


@on_both
def test_a_small_mask_from_before_a_write(device):
    def pick(x: torch.Tensor) -> torch.Tensor:
        early = is_full(x)
        x += 1
        return x[early]

    assert picked(pick, device, rows()) == FULL


def late_mask(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    many = x.repeat(100, 1)
    early = is_full(many)  # too large to be worked out before it is asked for
    many += 1
    return layer(many[early])


def late_mask_of_ids(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    ids = torch.zeros(1 << 11, dtype=torch.int64, device=x.device)
    early = (ids[:, None] == ids[None, :]) & torch.ones(1 << 11, 1 << 11, dtype=torch.bool, device=x.device)  # large
    ids[0] = 1
    return layer(x[: early.sum() // (1 << 20)])


def late_mask_of_written_ids(layer: nn.Module, x: torch.Tensor) -> torch.Tensor:
    ids = x.repeat(100, 1).long()
    early = ids.sum(-1) == 0
    ids[:] = 0
    return layer(x.repeat(100, 1)[early])


@on_both
@pytest.mark.parametrize(
    ("function", "count"),
    [(late_mask, 100 * FULL), (late_mask_of_ids, 4), (late_mask_of_written_ids, 100 * EMPTY)],
)
def test_what_was_written_to_meanwhile_is_not_asked(function, count, device):
    """The values from before are gone; those of now would be wrong."""
    model = unknown(function).to(device)
    if device == "meta":
        with pytest.raises(thoplw.Error, match="looks at values"):
            thoplw.profile(model, rows(), verbose=False)
        return
    assert thoplw.profile(model, rows(), convention="exact", verbose=False)[0] == count * WIDTH * OUT


@on_both
def test_inputs_are_not_written_to(device):
    def pick(x: torch.Tensor) -> torch.Tensor:
        same = x.view(ROWS, WIDTH)
        keep = is_full(same)
        keep.fill_(True)
        same.zero_()
        return x[keep]

    x = rows()
    assert picked(pick, device, x) == ROWS
    assert torch.equal(x, rows())


def test_a_shape_alone_has_no_values():
    with torch.device("meta"):
        model = Picks(lambda x: x[is_full(x)])
    with pytest.raises(thoplw.Error, match="looks at values"):
        thoplw.profile(model, (ROWS, WIDTH), verbose=False)


@on_both
def test_a_mask_that_does_not_fit_is_an_error_of_shapes(device):
    with pytest.raises(thoplw.Error, match="shape of the mask"):
        thoplw.profile(Picks(lambda x: x[is_full(x)[:-1]]).to(device), rows(), verbose=False)


def test_masks_in_a_step_of_training():
    model = Picks(lambda x: x[is_full(x)])
    step = thoplw.training(model, rows(), verbose=False)
    assert (step.macs, step.notes) == (2 * FULL * WIDTH * OUT, [])  # forward, and the gradient of the weight


def test_a_check_of_unknown_values_is_taken_to_succeed():
    def pick(x: torch.Tensor) -> torch.Tensor:
        torch._check_tensor_all((x + torch.rand_like(x)).isfinite(), lambda: "infinite")
        return x

    def known(x: torch.Tensor) -> torch.Tensor:
        torch._check_tensor_all(x >= 1, lambda: "too small")
        return x

    for device in ("cpu", "meta"):
        assert picked(pick, device, rows()) == ROWS
        with pytest.raises(thoplw.Error, match="too small"):
            thoplw.profile(Picks(known).to(device), rows(), verbose=False)
    with pytest.raises(RuntimeError, match="too small"):  # afterwards all is as it was
        torch._check_tensor_all(rows() >= 1, lambda: "too small")


LISTED = [
    lambda y: torch.tensor([3, 5], device=y.device)[0],
    lambda y: torch.as_tensor((3, 5), device=y.device)[0],
    lambda y: torch.asarray([3, 5], device=y.device)[0],
    lambda y: torch.tensor(3.0, device=y.device),
    lambda y: y.new_tensor([3, 5])[0],
    lambda y: y.new_tensor([3, 5], dtype=torch.int64)[0],
    lambda y: torch.tensor([[True, False], [True, True]], device=y.device).sum(),
]


@on_both
@pytest.mark.parametrize("listed", LISTED)
def test_numbers_that_the_forward_lists_keep_their_values(listed, device):
    assert picked(lambda x: x.tanh()[: int(listed(x.tanh()))], device, rows()) == 3


def test_afterwards_torch_makes_meta_tensors():
    picked(lambda x: x, "meta", rows())
    assert torch.tensor([3], device="meta").is_meta
    assert torch.ones(1, device="meta").new_tensor([3]).is_meta
