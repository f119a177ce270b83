"""LoRA: what a training step costs with all weights trained, and with adapters of rank 8 in their place."""

import torch
import transformers

import thoplw

config = transformers.LlamaConfig(hidden_size=256, intermediate_size=512, num_hidden_layers=2, vocab_size=1000)
with torch.device("meta"):
    model = transformers.LlamaForCausalLM(config)
tokens = torch.zeros(1, 128, dtype=torch.int64)
for name, adapters in {"all": None, "LoRA": {"r": 8, "targets": ["q_proj", "v_proj"]}}.items():
    step = thoplw.training(model, tokens, lora=adapters)
    print(name, step.trainable_params, step.forward, step.input_gradient, step.weight_gradient, step.peak)
