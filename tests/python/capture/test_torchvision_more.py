"""Torchvision beyond classification: segmentation, video and optical flow on meta, detection for real, operators."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import thoplw
from found import found
from thoplw import _native
from thoplw._models import _from_torchvision, build

torchvision = pytest.importorskip("torchvision")
models = torchvision.models


def names(package: str) -> list[str]:
    return models.list_models(module=getattr(models, package))


def image(size: int) -> list[tuple[int, ...]]:
    return [(1, 3, size, size)]


VIDEO_224 = ("mvit_v1_b", "mvit_v2_s", "s3d")  # the position embeddings of the first two want this size
INPUTS = {
    **{name: image(65) for name in names("segmentation")},
    **{name: [(1, 3, 16, 224, 224) if name in VIDEO_224 else (1, 3, 16, 112, 112)] for name in names("video")},
    **{name: image(128) * 2 for name in names("optical_flow")},
}


def flops(model: torch.nn.Module, *inputs: Any) -> int:
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(*inputs)
    return counter.get_total_flops()


def check_rows(info: thoplw.LayerInfo, macs: int, params: int) -> None:
    assert info.exact
    assert info.uncounted == []
    assert (sum(row.macs for row in info), sum(row.params for row in info)) == (macs, params)


@pytest.mark.parametrize("name", INPUTS)
def test_on_meta(name):
    model = build(name, _from_torchvision("torchvision", name)[0], {})
    shapes = INPUTS[name]
    before = found(model)
    macs, params, info = thoplw.profile(model, shapes, verbose=False)
    contractions, all_params, _ = thoplw.profile(model, shapes, verbose=False, convention="exact")
    assert found(model) == before
    check_rows(info, macs, params)
    assert info.notes == []
    assert all_params == sum(p.numel() for p in model.parameters())
    meta = model.eval().to("meta")
    assert 2 * contractions == flops(meta, *[torch.empty(shape, device="meta") for shape in shapes])


# --- detection: boxes are chosen by their scores, so these models run for real, once


def nms(boxes: torch.Tensor, scores: torch.Tensor, threshold: float) -> torch.Tensor:
    """As torchvision documents it: from the best score down, a box goes if it overlaps a kept one by more."""
    kept: list[int] = []
    goes = torch.zeros(len(boxes), dtype=torch.bool)
    overlaps = torchvision.ops.box_iou(boxes, boxes)
    for i in scores.argsort(descending=True, stable=True).tolist():
        if not goes[i]:
            kept.append(i)
            goes |= overlaps[i] > threshold
    return torch.tensor(kept, dtype=torch.int64)


def deform_conv2d(
    x: torch.Tensor, weight: torch.Tensor, offset: torch.Tensor, mask: torch.Tensor, bias: torch.Tensor, *rest: Any
) -> torch.Tensor:
    """Shapes only: there is an offset for each output position."""
    return x.new_empty((x.shape[0], weight.shape[0], *offset.shape[2:]))


# As torchvision's C++ declares them.
ROI_ALIGN = (
    "roi_align(Tensor input, Tensor rois, float spatial_scale, SymInt pooled_height, SymInt pooled_width, "
    "int sampling_ratio, bool aligned) -> Tensor"
)
DEFORM_CONV2D = (
    "deform_conv2d(Tensor input, Tensor weight, Tensor offset, Tensor mask, Tensor bias, SymInt stride_h, "
    "SymInt stride_w, SymInt pad_h, SymInt pad_w, SymInt dilation_h, SymInt dilation_w, SymInt groups, "
    "SymInt offset_groups, bool use_mask) -> Tensor"
)


@pytest.fixture(scope="module")
def compiled_operators() -> Iterator[None]:
    """Kernels of torchvision's own operators, where its compiled ones do not load."""
    if torchvision.extension._has_ops():
        yield
        return
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in (ROI_ALIGN, DEFORM_CONV2D):
        library.define(schema)
    roi_align = sys.modules["torchvision.ops.roi_align"]
    library.impl("nms", nms, "CPU")
    library.impl("roi_align", roi_align._roi_align.__wrapped__, "CPU")  # torchvision's own, not compiled
    library.impl("deform_conv2d", deform_conv2d, "Meta")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(roi_align, "_has_ops", lambda: True)
        for module in ("boxes", "roi_align", "deform_conv"):
            patch.setattr(sys.modules[f"torchvision.ops.{module}"], "_assert_has_ops", lambda: None)
        yield
    library._destroy()


def test_nms_of_this_file(compiled_operators):
    boxes = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 9], [20, 20, 30, 30], [0, 0, 10, 4]])
    scores = torch.tensor([0.5, 0.9, 0.1, 0.4])
    # Box 1 is best; of box 0 it covers 90 / 100 and goes over 0.5, of box 3 40 / 90, which does not.
    assert torchvision.ops.nms(boxes, scores, 0.5).tolist() == [1, 3, 2]
    assert torchvision.ops.nms(boxes, scores, 0.95).tolist() == [1, 0, 3, 2]


RCNN = {
    "min_size": 64, "max_size": 64, "rpn_post_nms_top_n_test": 10, "rpn_nms_thresh": 1.0,
    "box_score_thresh": 0.0, "box_detections_per_img": 5,
}  # fmt: skip
ONE_STAGE = {"min_size": 64, "max_size": 64, "score_thresh": 0.0, "topk_candidates": 20, "detections_per_img": 5}
SSD = {"score_thresh": 0.0, "topk_candidates": 20, "detections_per_img": 5}


def detector(name: str) -> torch.nn.Module:
    settings = SSD if name.startswith("ssd") else RCNN if "rcnn" in name else ONE_STAGE
    torch.manual_seed(0)
    return models.get_model(name, weights=None, weights_backbone=None, **settings).eval()


@pytest.mark.parametrize("name", names("detection"))
def test_detection(name, compiled_operators):
    model = detector(name)
    picture = torch.rand(3, 60, 64)
    before = found(model)
    trace = _native.capture(model, ([picture],), {}, {})
    assert found(model) == before
    info = _native.count(trace, "thoplw")
    check_rows(info, info.macs, info.params)
    assert len(info.notes) == 1
    assert re.search(r"could not run without data, so one real forward was run \(.*\.py:\d+: ", info.notes[0])
    assert 2 * _native.count(trace, "exact").macs == flops(model, [picture])
    rows = {row.name: row.macs for row in info}
    if "rcnn" in name and "roi_heads.box_head.fc7" in rows:
        assert rows["roi_heads.box_head.fc7"] == 10 * (1024 * 1024 + 1024)  # 10 regions, each one position
    if name == "maskrcnn_resnet50_fpn":  # 5 boxes; logits of 91 classes from 256 channels, 28 x 28
        assert rows["roi_heads.mask_predictor.mask_fcn_logits"] == 5 * (91 * 256 * 28 * 28 + 91)


def test_detection_on_meta_names_the_line():
    model = build("retinanet", _from_torchvision("torchvision", "retinanet_resnet50_fpn")[0], {})
    with pytest.raises(thoplw.Error, match=r"looks at values of a tensor.*retinanet\.py:\d+.*real weights"):
        thoplw.profile(model, [[(3, 96, 96)]])


# --- operators of torchvision


def profiled(module: torch.nn.Module, *shapes: tuple[int, ...], convention: str = "exact") -> int:
    macs, _, info = thoplw.profile(module, list(shapes), verbose=False, convention=convention)
    assert info.exact
    return macs


def test_deform_conv2d(compiled_operators):
    layer = torchvision.ops.DeformConv2d(4, 6, 3, padding=1, groups=2)
    offsets = (2, 2 * 3 * 3, 8, 8)
    assert profiled(layer, (2, 4, 8, 8), offsets) == 2 * (6 * 2 * 3 * 3) * 8 * 8


class Regions(torch.nn.Module):
    """Cuts two regions out of feature maps, of fixed places."""

    def __init__(self, cut: Callable[..., torch.Tensor]) -> None:
        super().__init__()
        self.cut = cut
        self.fc = torch.nn.Linear(3 * 2 * 2, 7)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rois = torch.tensor([[0.0, 0, 0, 4, 4], [0.0, 1, 1, 3, 3]]).to(x)
        return self.fc(self.cut(x, rois, 2).flatten(1))


def test_roi_align(compiled_operators):
    layer = Regions(lambda x, rois, size: torchvision.ops.roi_align(x, rois, size, sampling_ratio=2))
    macs, _, info = thoplw.profile(layer, [torch.rand(1, 3, 9, 9)], verbose=False)
    assert info.exact
    assert macs == 2 * (3 * 2 * 2 * 7 + 7)


def test_quantizable_models_in_floating_point():
    for name in ("quantized_resnet18", "quantized_mobilenet_v2"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = models.get_model(name, weights=None, quantize=False)
        macs = profiled(model, (1, 3, 64, 64))
        assert 2 * macs == flops(model.eval().to("meta"), torch.empty(1, 3, 64, 64, device="meta"))
