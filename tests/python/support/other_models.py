"""Small models of libraries that are built on torch, for make audit: by library, name -> (model, inputs)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from thoplw._models import import_torchvision

Case = tuple[nn.Module, Any]


def image(size: int = 64, channels: int = 3) -> torch.Tensor:
    return torch.zeros(1, channels, size, size)


def ultralytics() -> Iterator[tuple[str, Case]]:
    from ultralytics.nn import tasks

    for name in ("yolov3-tiny", "yolov5n", "yolov8n", "yolov9t", "yolov10n", "yolo11n", "yolo12n"):
        yield name, (tasks.DetectionModel(f"{name}.yaml", verbose=False), image())
    yield "yolov8n-seg", (tasks.SegmentationModel("yolov8n-seg.yaml", verbose=False), image())
    yield "yolov8n-pose", (tasks.PoseModel("yolov8n-pose.yaml", verbose=False), image())
    yield "yolov8n-obb", (tasks.OBBModel("yolov8n-obb.yaml", verbose=False), image())
    yield "yolov8n-cls", (tasks.ClassificationModel("yolov8n-cls.yaml", verbose=False), image())
    yield "rtdetr-l", (tasks.RTDETRDetectionModel("rtdetr-l.yaml", verbose=False), image(640))


def open_clip() -> Iterator[tuple[str, Case]]:
    import open_clip

    text = torch.ones(1, 77, dtype=torch.long)
    for name, size in (("ViT-B-32", 224), ("RN50", 224), ("ViT-B-16-SigLIP", 224), ("coca_ViT-B-32", 224)):
        length = 64 if "SigLIP" in name else 76 if "coca" in name else 77
        yield name, (open_clip.create_model(name, load_weights=False), [image(size), text[:, :length]])


def segmentation_models_pytorch() -> Iterator[tuple[str, Case]]:
    import segmentation_models_pytorch as smp

    names = "Unet UnetPlusPlus MAnet Linknet FPN PSPNet PAN DeepLabV3 DeepLabV3Plus UPerNet Segformer"
    for name in names.split():
        yield name, (getattr(smp, name)("resnet18", encoder_weights=None), image(128))


def kornia() -> Iterator[tuple[str, Case]]:
    from kornia import feature

    patches = torch.zeros(2, 1, 32, 32)
    for name in ("HardNet", "SOSNet", "TFeat", "HyNet"):
        yield name, (getattr(feature, name)(pretrained=False), patches)
    yield "DISK", (feature.DISK(), image())


def monai() -> Iterator[tuple[str, Case]]:
    from monai.networks import nets

    volume = torch.zeros(1, 1, 32, 32, 32)
    unet = {"channels": (4, 8, 16), "strides": (2, 2)}
    yield "UNet", (nets.UNet(3, 1, 2, **unet), volume)
    yield "AttentionUnet", (nets.AttentionUnet(3, 1, 2, **unet), volume)
    yield "BasicUNet", (nets.BasicUNet(3, 1, 2, features=(4, 4, 8, 8, 16, 4)), volume)
    yield "SegResNet", (nets.SegResNet(3, 8), volume)
    yield "VNet", (nets.VNet(), volume)
    yield "DenseNet121", (nets.DenseNet121(3, 1, 2), volume)
    yield "UNETR", (nets.UNETR(1, 2, (32, 32, 32), hidden_size=24, mlp_dim=48, num_heads=2), volume)
    yield "SwinUNETR", (nets.SwinUNETR(1, 2, feature_size=12), torch.zeros(1, 1, 64, 64, 64))


def diffusers() -> Iterator[tuple[str, Case]]:
    import diffusers

    blocks = {"block_out_channels": (8, 16), "norm_num_groups": 4}
    yield (
        "UNet2DModel",
        (
            diffusers.UNet2DModel(
                16,
                down_block_types=("DownBlock2D", "AttnDownBlock2D"),
                up_block_types=("AttnUpBlock2D", "UpBlock2D"),
                **blocks,
            ),
            {"sample": image(16), "timestep": torch.tensor([1])},
        ),
    )
    yield (
        "UNet2DConditionModel",
        (
            diffusers.UNet2DConditionModel(
                16,
                down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
                up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
                cross_attention_dim=16,
                **blocks,
            ),
            {
                "sample": image(16, 4),
                "timestep": torch.tensor([1]),
                "encoder_hidden_states": torch.zeros(1, 7, 16),
            },
        ),
    )
    yield "AutoencoderKL", (diffusers.AutoencoderKL(block_out_channels=(8,), norm_num_groups=4), image(16))
    yield (
        "DiTTransformer2DModel",
        (
            diffusers.DiTTransformer2DModel(2, 8, 4, num_layers=1, sample_size=8, norm_num_groups=4),
            {
                "hidden_states": image(8, 4),
                "timestep": torch.tensor([1]),
                "class_labels": torch.tensor([1]),
            },
        ),
    )


def gpytorch() -> Iterator[tuple[str, Case]]:
    import gpytorch

    class Exact(gpytorch.models.ExactGP):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__(torch.rand(9, 2), torch.rand(9), gpytorch.likelihoods.GaussianLikelihood())
            self.mean = gpytorch.means.ConstantMean()
            self.kernel = gpytorch.kernels.ScaleKernel(gpytorch.kernels.RBFKernel())

        def forward(self, x: torch.Tensor) -> Any:
            return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))

    class Variational(gpytorch.models.ApproximateGP):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            points = torch.rand(5, 2)
            distribution = gpytorch.variational.CholeskyVariationalDistribution(5)
            super().__init__(gpytorch.variational.VariationalStrategy(self, points, distribution))
            self.mean = gpytorch.means.ConstantMean()
            self.kernel = gpytorch.kernels.MaternKernel()

        def forward(self, x: torch.Tensor) -> Any:
            return gpytorch.distributions.MultivariateNormal(self.mean(x), self.kernel(x))

    yield "ExactGP", (Exact(), torch.rand(4, 2))
    yield "ApproximateGP", (Variational(), torch.rand(4, 2))


def torch_geometric() -> Iterator[tuple[str, Case]]:
    from torch_geometric import nn as pyg

    x, edges = torch.zeros(5, 8), torch.tensor([[0, 1, 2, 3], [1, 2, 3, 4]])
    for name in ("GCN", "GAT", "GraphSAGE", "GIN", "EdgeCNN"):
        yield name, (getattr(pyg, name)(8, 16, 2, 4), [x, edges])
    yield "ChebConv", (pyg.ChebConv(8, 4, 3), [x, edges])
    yield "TransformerConv", (pyg.TransformerConv(8, 4, 2), [x, edges])
    kinds = (["a", "b"], [("a", "to", "b")])
    hetero = [{"a": x, "b": x}, {("a", "to", "b"): edges}]
    yield "HGTConv", (pyg.HGTConv(8, 4, kinds, 2), hetero)


def e3nn() -> Iterator[tuple[str, Case]]:
    from e3nn import o3

    irreps = o3.Irreps("4x0e + 2x1o")
    x = irreps.randn(3, -1)
    yield "FullyConnectedTensorProduct", (o3.FullyConnectedTensorProduct(irreps, irreps, irreps), [x, x])
    yield "Linear", (o3.Linear(irreps, irreps), x)


def peft() -> Iterator[tuple[str, Case]]:
    import peft
    import transformers

    sizes = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1}
    ids = torch.ones(1, 5, dtype=torch.long)
    for name, config in (
        ("LoRA", peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"])),
        ("DoRA", peft.LoraConfig(r=2, target_modules=["q_proj", "v_proj"], use_dora=True)),
        ("LoHa", peft.LoHaConfig(r=2, target_modules=["q_proj", "v_proj"])),
        ("IA3", peft.IA3Config(target_modules=["q_proj", "down_proj"], feedforward_modules=["down_proj"])),
    ):
        llama = transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes, num_attention_heads=2))
        yield name, (peft.get_peft_model(llama, config), {"input_ids": ids})


Library = Callable[[], Iterator[tuple[str, Case]]]
LIBRARIES: list[Library] = [
    ultralytics,
    open_clip,
    segmentation_models_pytorch,
    kornia,
    monai,
    diffusers,
    gpytorch,
    torch_geometric,
    e3nn,
    peft,
]


def installed() -> list[Library]:
    import_torchvision()  # most of them import it, too
    return [library for library in LIBRARIES if find_spec(library.__name__)]
