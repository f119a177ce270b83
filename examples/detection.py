"""Detection: what a detector costs, part by part. Its weights are on the meta device: it was never downloaded."""

import torch
import transformers

import thoplw

config = transformers.YolosConfig(
    hidden_size=192,
    intermediate_size=768,
    num_attention_heads=3,
    image_size=[256, 256],
    use_mid_position_embeddings=False,
)
with torch.device("meta"):
    model = transformers.YolosForObjectDetection(config)
macs, params, layers = thoplw.profile(model, (1, 3, 256, 256), convention="exact", verbose=False)
print(layers.summary("tree", depth=1))
