"""Models of timm, one or more of each family: exact, as torch counts, left as found."""

from __future__ import annotations

import os

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

import thoplw
from found import found
from thoplw._models import _from_timm, build, import_torchvision

try:
    import_torchvision()  # which timm imports
    import timm
except (ImportError, thoplw.Error):
    pytest.skip("timm is not installed", allow_module_level=True)

FAMILIES = {
    "resnet": "resnet18 resnetblur18 resnetrs50 skresnet18 resnest14d",
    "resnetv2": "resnetv2_50x1_bit resnetv2_50d_evos resnetv2_50d_frn",
    "res2net": "res2net50_48w_2s",
    "vit": "vit_tiny_patch16_224 vit_relpos_small_patch16_224 vit_tiny_r_s16_p8_224 "
    "vit_small_patch14_dinov2 vit_small_patch16_dinov3 vit_base_patch16_rope_mixed_224 flexivit_small test_vit",
    "siglip": "vit_base_patch16_siglip_224 naflexvit_base_patch16_gap",
    "samvit": "samvit_base_patch16_224 sam2_hiera_tiny",
    "vitamin": "vitamin_small_224",
    "aimv2": "aimv2_large_patch14_224",
    "pe": "vit_pe_core_tiny_patch16_384",
    "deit": "deit_tiny_patch16_224 deit_tiny_distilled_patch16_224 deit3_small_patch16_224",
    "swin": "swin_tiny_patch4_window7_224",
    "swinv2": "swinv2_tiny_window8_256 swinv2_cr_tiny_224",
    "convnext": "convnext_atto convnext_zepto_rms",
    "convnextv2": "convnextv2_atto",
    "convmixer": "convmixer_1024_20_ks9_p14",
    "efficientnet": "efficientnet_b0 efficientnet_cc_b0_4e tf_efficientnet_b0 gc_efficientnetv2_rw_t mixnet_s",
    "tinynet": "tinynet_e",
    "mobilenet": "mobilenetv1_100 mobilenetv2_035 mobilenetv3_small_050",
    "mobilenetv4": "mobilenetv4_conv_small_035 mobilenetv4_hybrid_medium_075",
    "mnasnet": "mnasnet_small lcnet_035",
    "regnet": "regnetx_002 regnety_002 regnetz_005 regnetv_040",
    "maxvit": "maxvit_nano_rw_256 maxxvit_rmlp_nano_rw_256",
    "coatnet": "coatnet_pico_rw_224",
    "beit": "beit_base_patch16_224",
    "cait": "cait_xxs24_224",
    "xcit": "xcit_nano_12_p16_224",
    "pit": "pit_ti_224 pit_ti_distilled_224",
    "levit": "levit_128s",
    "mlp": "mixer_s32_224 gmixer_12_224 gmlp_ti16_224 resmlp_12_224",
    "metaformer": "poolformer_s12 poolformerv2_s12 caformer_s18",
    "edgenext": "edgenext_xx_small",
    "efficientformer": "efficientformer_l1 efficientformerv2_s0",
    "efficientvit": "efficientvit_b0 efficientvit_m0",
    "fastvit": "fastvit_t8 fastvit_sa12",
    "ghostnet": "ghostnet_050 ghostnetv2_100",
    "hrnet": "hrnet_w18_small",
    "inception": "inception_v3 inception_next_atto",
    "nfnet": "nfnet_l0 dm_nfnet_f0 nf_regnet_b0",
    "pvt": "pvt_v2_b0 pvt_v2_b2_li",
    "repvgg": "repvgg_a0 gernet_s",
    "repghost": "repghostnet_050",
    "repvit": "repvit_m0_9",
    "rexnet": "rexnet_100",
    "sequencer": "sequencer2d_s",
    "tnt": "tnt_s_patch16_224",
    "tresnet": "tresnet_m",
    "twins": "twins_pcpvt_small twins_svt_small",
    "vgg": "vgg11_bn",
    "visformer": "visformer_tiny",
    "volo": "volo_d1_224",
    "xception": "legacy_xception",
    "eva": "eva02_tiny_patch14_224",
    "davit": "davit_tiny",
    "dla": "dla34",
    "dpn": "dpn48b",
    "gcvit": "gcvit_xxtiny",
    "crossvit": "crossvit_9_240",
    "convit": "convit_tiny",
    "mobilevit": "mobilevit_xxs mobilevitv2_050",
    "mvitv2": "mvitv2_tiny",
    "nest": "nest_tiny",
    "hiera": "hiera_tiny_224 hiera_small_abswin_256",
    "attention": "botnet26t_256 halonet26t lambda_resnet26t bat_resnext26ts",
    "coat": "coat_lite_tiny",
    "csp": "cs3darknet_s darknet17",
    "densenet": "densenetblur121d",
    "nas": "spnasnet_100",
    "recent": "fasternet_t0 focalnet_tiny_srf mambaout_femto nextvit_small shvit_s1 starnet_s1 "
    "swiftformer_xs tiny_vit_5m_224",
    "others": "selecsls42 ese_vovnet19b_slim_dw resnet50_clip",
}
MODELS = [name for names in FAMILIES.values() for name in names.split() if timm.is_model(name)]

# All others, where THOPLW_SWEEP is set: an hour and a half.
OTHERS = [name for name in timm.list_models() if name not in MODELS] if os.environ.get("THOPLW_SWEEP") else []

# The reference runs step by step through the recurrent layers of this one: fewer steps, the same operators.
SIZES = {"sequencer2d_s": (1, 3, 28, 28)}


def reference(name: str, model: torch.nn.Module, shape: tuple[int, ...]) -> int:
    """Two operations for each multiply-add of a contraction, as torch counts them on meta."""
    device = "meta"
    if name.startswith(("efficientvit_b", "efficientvit_l")):
        # It asks for autocast on the device of its activations, which torch refuses on meta. On the CPU torch counts
        # none of scaled_dot_product_attention, but this model has no such operator.
        model, device = timm.create_model(name).eval(), "cpu"
    # The counter's hooks trip over outputs that are parameters; without gradients it sets none.
    model = model.to(device).requires_grad_(False)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(shape, device=device))
    return counter.get_total_flops()


def test_there_are_60_models():
    assert len(MODELS) >= 60
    assert len(FAMILIES) >= 60


@pytest.mark.parametrize("name", MODELS)
def test_model(name):
    make, default_inputs = _from_timm("timm", name)
    model = build(name, make, {})
    shape = SIZES.get(name) or default_inputs(model)[0][0]
    before = found(model)
    macs, params, info = thoplw.profile(model, shape, verbose=False)
    contractions, all_params, _ = thoplw.profile(model, shape, verbose=False, convention="exact")
    assert found(model) == before
    assert info.exact
    assert (info.uncounted, info.notes) == ([], [])
    assert (sum(row.macs for row in info), sum(row.params for row in info)) == (macs, params)
    assert info.all_params == all_params == sum(p.numel() for p in model.parameters())
    assert info.buffers == sum(b.numel() for b in model.buffers())
    assert 2 * contractions == reference(name, model.eval(), shape)


@pytest.mark.parametrize("name", OTHERS)
def test_work_of_all_others(name):
    make, default_inputs = _from_timm("timm", name)
    model = build(name, make, {})
    shape = default_inputs(model)[0][0]
    macs, _, info = thoplw.profile(model, shape, verbose=False, convention="exact")
    assert info.exact
    assert 2 * macs == reference(name, model.eval(), shape)
