"""llm(): figures worked out by hand, how devices share a model, and what is refused."""

import json

import pytest
import torch
from bench.llm import SHAPES

import thoplw
from in_process import in_process
from language_models import SMALL
from thoplw._models import import_torchvision

import_torchvision()
transformers = pytest.importorskip("transformers")

CONTEXT, BATCH = 8192, 4


def llama():
    return transformers.LlamaConfig(**SHAPES["Llama 3.1 405B"][1])


def mixtral():
    return transformers.MixtralConfig(**SHAPES["Mixtral 8x22B"][1])


def deepseek():
    return transformers.DeepseekV3Config()  # whose defaults are those of the model


def test_llama_405b():
    found = thoplw.llm(llama(), context=CONTEXT, batch=BATCH).all
    h, inner, layers, vocab, kv = 16384, 53248, 126, 128256, 8 * 128
    layer = 2 * h * h + 2 * h * kv + 3 * h * inner  # q and o, k and v, the three of the MLP
    assert found["parameters"] == layers * (layer + 2 * h) + 2 * vocab * h + h == 405_853_388_800
    assert found["active_parameters"] == found["parameters"]
    assert found["cache_per_token"] == layers * 2 * kv * 2
    assert found["cache"] == BATCH * CONTEXT * layers * 2 * kv * 2
    attention = 2 * h * (CONTEXT + 1)  # queries by keys, scores by values
    assert found["decode_macs"] == BATCH * (layers * (layer + attention) + vocab * h)
    tokens = BATCH * CONTEXT  # the head reads the last one of each prompt
    assert found["prefill_macs"] == layers * (tokens * layer + BATCH * 2 * h * CONTEXT**2) + BATCH * vocab * h


def test_mixtral_8x22b():
    found = thoplw.llm(mixtral(), context=CONTEXT, batch=BATCH).all
    h, inner, layers, vocab, kv, experts, chosen = 6144, 16384, 56, 32768, 8 * 128, 8, 2
    expert = 3 * h * inner
    rest = 2 * h * h + 2 * h * kv + experts * h  # and the router
    around = layers * 2 * h + 2 * vocab * h + h
    assert found["parameters"] == layers * (rest + experts * expert) + around
    assert found["active_parameters"] == layers * (rest + chosen * expert) + around
    attention = 2 * h * (CONTEXT + 1)
    assert found["decode_macs"] == BATCH * (layers * (rest + chosen * expert + attention) + vocab * h)
    assert found["cache"] == BATCH * CONTEXT * layers * 2 * kv * 2


def test_deepseek_v3():
    found = thoplw.llm(deepseek(), context=CONTEXT, batch=BATCH).all
    h, layers, vocab, heads = 7168, 61, 129280, 128
    q_rank, kv_rank, nope, rope, value = 1536, 512, 128, 64, 128
    queries = h * q_rank + q_rank * heads * (nope + rope)
    keys, expansion = h * (kv_rank + rope), kv_rank * heads * (nope + value)
    attention = queries + keys + expansion + heads * value * h
    dense, expert, experts, chosen = 3 * h * 18432, 3 * h * 2048, 256, 8
    norms = layers * (2 * h + q_rank + kv_rank) + h
    of_experts = 58 * (expert + experts * h)  # the shared one, and the router
    whole = layers * attention + 3 * dense + of_experts + 58 * experts * expert + norms + 2 * vocab * h
    assert found["parameters"] == whole == 671_026_404_352
    assert found["active_parameters"] == whole - 58 * (experts - chosen) * expert
    # Latents are cached: transformers expands those of all tokens for each new one.
    assert found["cache_per_token"] == layers * (kv_rank + rope) * 2
    again = layers * expansion * (CONTEXT + 1)
    assert found["decode_macs_again"] == BATCH * again
    scores = layers * heads * (nope + rope + value) * (CONTEXT + 1)
    products = layers * (queries + keys + heads * value * h) + 3 * dense + of_experts + 58 * chosen * expert
    assert found["decode_macs"] == BATCH * (products + again + scores + vocab * h)


def test_published():
    """Figures that their makers give. 'Insights into DeepSeek-V3' (arXiv:2505.09343), as it is quoted, of a token's
    cache in bf16: DeepSeek-V3 70 KB, LLaMA-3.1 405B 516 KB. The report of DeepSeek-V3 (arXiv:2412.19437): 671B
    parameters, 37B of them activated. The card of Mixtral 8x22B: 141B, 39B active.
    """
    qwen = transformers.Qwen2Config(
        hidden_size=8192,
        intermediate_size=29568,
        num_hidden_layers=80,
        num_attention_heads=64,
        num_key_value_heads=8,
        vocab_size=152064,
    )
    per_token = [thoplw.llm(config, context=64).all["cache_per_token"] for config in (deepseek(), qwen, llama())]
    # layers x what each keeps of a token x 2 bytes
    assert per_token == [61 * (512 + 64) * 2, 80 * 2 * 8 * 128 * 2, 126 * 2 * 8 * 128 * 2]
    assert [per_token[0] // 1000, per_token[2] // 1000] == [70, 516]
    found = thoplw.llm(deepseek(), context=64).all
    assert round(found["parameters"] / 1e9) == 671
    assert round((found["active_parameters"] - 129280 * 7168) / 1e9) == 37  # without the embedding
    # 47B, of which 13B are used: the abstract of 'Mixtral of Experts' (arXiv:2401.04088), whose sizes are the defaults.
    found = thoplw.llm(transformers.MixtralConfig(), context=64).all
    assert [round(found[name] / 1e9) for name in ("parameters", "active_parameters")] == [47, 13]
    found = thoplw.llm(mixtral(), context=64).all
    assert [round(found[name] / 1e9) for name in ("parameters", "active_parameters")] == [141, 39]


# Layers, key-value heads of 128 features, and GiB of the cache of 1024, 16000 and 128000 tokens, by
# https://huggingface.co/blog/llama31; of 405B by 16 heads, as https://github.com/huggingface/blog/issues/2345 says.
LLAMAS = {
    "8B": (32, 8, (0.125, 1.95, 15.62)),
    "70B": (80, 8, (0.313, 4.88, 39.06)),
    "405B": (126, 16, (0.984, 15.38, 123.05)),
}


@pytest.mark.parametrize("size", LLAMAS)
def test_published_caches_of_llama(size):
    layers, heads, published = LLAMAS[size]
    config = transformers.LlamaConfig(
        hidden_size=4096, num_hidden_layers=layers, num_attention_heads=32, num_key_value_heads=heads
    )
    for tokens, gib in zip((1024, 16000, 128000), published, strict=True):
        cache = thoplw.llm(config, context=tokens).all["cache"]
        assert cache / 2**30 == pytest.approx(gib, abs=0.0051 if gib > 1 else 0.00051)


def test_types():
    found = thoplw.llm(llama(), context=CONTEXT, dtype="fp8", kv_dtype="fp8").all
    assert found["cache"] == CONTEXT * 126 * 2 * 8 * 128
    norms = (126 * 2 + 1) * 16384  # which stay in bf16
    assert found["weights"] - (found["parameters"] + norms) < 1000  # frequencies of positions


@pytest.mark.parametrize("devices", [1, 2, 4, 8])
def test_tensor_parallel(devices):
    """Of a layer all matrices are divided, of the rest the embedding and the head; norms are not."""
    one = thoplw.llm(llama(), context=CONTEXT, batch=BATCH)
    found = thoplw.llm(llama(), context=CONTEXT, batch=BATCH, tensor_parallel=devices)
    norms = (126 * 2 + 1) * 16384
    assert found.device["parameters"] == (one.all["parameters"] - norms) / devices + norms
    assert found.device["cache"] == one.all["cache"] / devices
    assert found.device["decode_macs"] == one.all["decode_macs"] / devices
    if devices > 1:
        # A layer adds up sums twice, and so does the embedding; of the logits each device gathers the others' part.
        sums = (2 * 126 + 1) * BATCH * 16384 * 2
        logits = BATCH * 128256 * 2
        assert found.device["decode_sent"] == (2 * sums + logits) * (devices - 1) // devices


def test_fewer_heads_than_devices():
    found = thoplw.llm(llama(), context=CONTEXT, tensor_parallel=16)
    assert found.device["cache"] == CONTEXT * 126 * 2 * 128 * 2  # one of 8 heads each


def test_latents_are_on_each_device():
    """transformers' plan for DeepSeek-V3 leaves attention whole."""
    one = thoplw.llm(deepseek(), context=CONTEXT)
    found = thoplw.llm(deepseek(), context=CONTEXT, tensor_parallel=8)
    assert found.device["cache"] == one.all["cache"]


def test_pipeline():
    found = thoplw.llm(llama(), context=CONTEXT, batch=4, pipeline=2)
    assert found.device["cache"] == 4 * CONTEXT * 63 * 2 * 8 * 128 * 2
    layer = 2 * 16384**2 + 2 * 16384 * 1024 + 3 * 16384 * 53248 + 2 * 16384
    assert found.device["parameters"] == 63 * layer + 128256 * 16384 + 16384  # the last stage has a norm too


def test_experts_spread():
    found = thoplw.llm(deepseek(), context=CONTEXT, tensor_parallel=8, expert_parallel=8)
    shared = thoplw.llm(deepseek(), context=CONTEXT, tensor_parallel=8)
    assert found.device["parameters"] == shared.device["parameters"]  # 256 experts / 8, or an eighth of each
    wide = thoplw.llm(deepseek(), context=CONTEXT, batch=4, count=32, tensor_parallel=8, expert_parallel=32)
    experts = 58 * 256 * 3 * 7168 * 2048
    assert shared.device["parameters"] - wide.device["parameters"] == experts // 8 - experts // 32


def test_replicas():
    one = thoplw.llm(llama(), context=CONTEXT, batch=2, tensor_parallel=8)
    two = thoplw.llm(llama(), context=CONTEXT, batch=4, tensor_parallel=8, count=16)
    assert two.device["cache"] == one.device["cache"]
    assert two.all["cache"] == 2 * one.all["cache"]


def test_time():
    """A token waits for its weights and its cache, a prompt for arithmetic."""
    found = thoplw.llm(llama(), context=CONTEXT, batch=1, tensor_parallel=8, device="h200")
    embedding = 128256 * 16384 * 2 / 8
    read = found.device["weights"] - embedding + found.device["cache"]
    assert found.all["decode_seconds"] == pytest.approx(read / 4.8e12, rel=1e-3)
    causal = 126 * 2 * 16384 * CONTEXT * (CONTEXT + 1) / 2
    products = CONTEXT * 126 * (2 * 16384**2 + 2 * 16384 * 1024 + 3 * 16384 * 53248) + 128256 * 16384
    assert found.all["prefill_seconds"] == pytest.approx((causal + products) / 8 / (989.5e12 / 2), rel=1e-9)
    assert found.device["decode_tokens_per_second"] == pytest.approx(1 / found.all["decode_seconds"] / 8)


def test_time_of_links():
    """A token adds up sums twice in a layer, and once for the embedding; it gathers the logits."""
    plan = {"context": CONTEXT, "batch": BATCH, "tensor_parallel": 8, "device": "h200"}
    found = thoplw.llm(llama(), **plan, link="1M")
    least = ((2 * 126 + 1) * BATCH * 16384 * 2 + BATCH * 128256 * 2) * 7 // 8
    assert found.all["decode_seconds"] == pytest.approx(least / 1e6)
    assert "a token for links between devices" in found.notes[2]
    assert thoplw.llm(llama(), **plan, link="450G") == thoplw.llm(llama(), **plan)
    assert "no figure says how fast NVIDIA L4 sends" in "\n".join(thoplw.llm(llama(), **plan | {"device": "l4"}).notes)


def test_a_stage_sends_to_the_next():
    one, two, both = (
        thoplw.llm(llama(), context=64, pipeline=pipeline, tensor_parallel=tensor).device
        for pipeline, tensor in ((1, 2), (2, 1), (2, 2))
    )
    assert two["prefill_sent"] == 64 * 16384 * 2
    assert two["decode_sent"] == 16384 * 2
    first = (2 * 63 + 1) * 16384 * 2 + 16384 * 2 // 2  # sums, the embedding's too, and what the next stage gets
    last = 2 * 63 * 16384 * 2 + 128256 * 2 // 2  # sums, and the logits
    assert both["decode_sent"] == max(first, last)
    assert one["decode_sent"] == (2 * 126 + 1) * 16384 * 2 + 128256 * 2 // 2


def test_device_of_ones_own(tmp_path):
    (tmp_path / "mine.toml").write_text('[mine]\npeak = { bf16 = "100T" }\nmemory = "1G"\n')
    config = transformers.LlamaConfig(**SMALL)
    found = thoplw.llm(config, context=64, device=str(tmp_path / "mine.toml"))
    assert found.all["decode_seconds"] == pytest.approx(found.all["decode_macs"] / 50e12)
    assert "no figure says how fast the memory of mine is: times are those of arithmetic alone" in found.notes


def test_a_model_is_left_as_it_was():
    model = transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL)).train()
    model.model.layers[0].eval()
    before = [(name, module.training) for name, module in model.named_modules()]
    thoplw.llm(model, context=8)
    assert [(name, module.training) for name, module in model.named_modules()] == before


def test_largest():
    plan = {"tensor_parallel": 8, "device": "h200", "kv_dtype": "fp8"}
    found = thoplw.llm(llama(), context=CONTEXT, batch=16, **plan)
    for more, fits in ((0, True), (1, False)):
        batch, context = found.all["largest_batch"] + more, found.all["largest_context"] + more
        assert thoplw.llm(llama(), context=CONTEXT, batch=batch, largest=False, **plan).fits is fits
        assert thoplw.llm(llama(), context=context, batch=16, largest=False, **plan).fits is fits


def test_largest_where_the_forward_loops():
    """Two layers of 128 channels, each with a window of 4 in bf16, a state of 8 in fp32, and nothing that grows."""
    config = transformers.MambaConfig(hidden_size=64, num_hidden_layers=2, vocab_size=256, state_size=8)
    found = thoplw.llm(config, context=100, memory="10M").all
    sequence = 2 * 128 * (4 * 2 + 8 * 4)
    assert found["cache"] == sequence
    room = 10**7 - found["weights"]
    assert found["largest_batch"] == room // (sequence + found["prefill_activations"])
    assert found["largest_context"] == (room - sequence) * 100 // found["prefill_activations"]


def test_weights_alone_exceed_the_memory():
    found = thoplw.llm(llama(), device="h100", count=8, tensor_parallel=8)
    assert not found.fits
    assert "the weights alone need" in "\n".join(found.notes)
    assert not [name for name in (*found.all, *found.device) if "seconds" in name or "second" in name]
    assert found.all["largest_batch"] == found.all["largest_context"] == 0


def test_window_stops_the_cache():
    config = transformers.MistralConfig(**SMALL, sliding_window=16)
    found = thoplw.llm(config, context=64, memory="1M")
    assert found.all["cache_per_token"] == 0
    assert found.all["cache"] == 2 * 2 * 15 * 2 * 16 * 2  # layers, keys and values, tokens, heads, features, bytes


def test_text_of_models_that_also_see():
    config = transformers.Gemma3Config(
        text_config={**SMALL, "head_dim": 16},
        vision_config={"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2},
    )
    found = thoplw.llm(config, context=32)
    assert found.model == "Gemma3ForConditionalGeneration"
    assert found.all["cache"] == 2 * 2 * 32 * 2 * 16 * 2


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ({"tensor_parallel": 2, "count": 3}, "multiple of 2"),
        ({"count": 2}, "cannot be divided among 2 replicas"),
        ({"expert_parallel": 2}, "experts can be shared by 1 devices"),
        (
            {"expert_parallel": 2, "count": 2, "batch": 2},
            "transformers has no expert-parallel plan for this model: leave --expert-parallel out",
        ),
        ({"pipeline": 3, "batch": 3}, "needs that many layers, and there are 2"),
        ({"device": "h10"}, "did you mean 'h100'"),
        ({"dtype": "fp9"}, "did you mean"),
        ({"context": 0}, "context"),
        ({"memory": 0}, "a memory of 0 bytes has no room"),
        ({"settings": {"hidden_sice": 1}}, "did you mean 'hidden_size'"),
    ],
)
def test_refused(plan, message):
    with pytest.raises(thoplw.Error, match=message):
        thoplw.llm(transformers.LlamaConfig(**SMALL), **plan)


def test_quantized_weights_are_asked_for(tmp_path):
    config = transformers.LlamaConfig(**SMALL, quantization_config={"quant_method": "fp8"})
    with pytest.raises(thoplw.Error, match=r"quantized weights \(fp8\).*--dtype fp8"):
        thoplw.llm(config)
    assert thoplw.llm(config, dtype="fp8").all == thoplw.llm(transformers.LlamaConfig(**SMALL), dtype="fp8").all


@pytest.mark.parametrize("devices", [3, 8])
def test_heads_that_cannot_be_divided(devices):
    said = "4 heads cannot be divided evenly"
    assert said in str(thoplw.llm(transformers.LlamaConfig(**SMALL), context=8, tensor_parallel=devices))
    assert said not in str(thoplw.llm(transformers.LlamaConfig(**SMALL), context=8, tensor_parallel=4))


@pytest.mark.parametrize("context", [1, 16])
def test_an_encoder_is_no_loop(context):
    config = transformers.T5Config(d_model=64, d_kv=16, d_ff=128, num_layers=4, num_heads=4, vocab_size=256)
    for pipeline in (1, 2):
        plan = {"context": context, "memory": "2M", "pipeline": pipeline, "batch": pipeline}
        found = thoplw.llm(config, **plan)
        assert "loops over tokens" not in str(found)
        for more, fits in ((0, True), (pipeline, False)):
            batch = found.all["largest_batch"] + more
            assert thoplw.llm(config, **plan | {"batch": batch}, largest=False).fits is fits


def test_experts_that_were_hit_need_real_weights():
    """The loop over them asks which, so a small model runs once for real; larger batches are not run then."""
    sizes = {"d_model": 64, "d_kv": 16, "d_ff": 128, "num_heads": 4, "vocab_size": 256, "num_experts": 4}
    layers = ("num_layers", "num_decoder_layers", "num_sparse_encoder_layers", "num_sparse_decoder_layers")
    config = transformers.SwitchTransformersConfig(**sizes, **dict(zip(layers, (2, 2, 1, 1), strict=True)))
    with pytest.raises(thoplw.Error, match="Build the model with real weights"):
        thoplw.llm(config, context=8)
    real = transformers.SwitchTransformersForConditionalGeneration(config).eval()
    found = thoplw.llm(real, context=8, memory="100M")
    assert found.all["cache"] == 2 * 2 * (8 + 8) * 64 * 4  # layers, keys and values, tokens of both sides, features
    assert "ran for real" in str(found)


def test_models_that_are_refused():
    with pytest.raises(thoplw.Error, match="no tensor-parallel plan"):
        thoplw.llm(transformers.GPT2Config(n_layer=1), tensor_parallel=2)
    with pytest.raises(thoplw.Error, match="gives no cache"):
        thoplw.llm(transformers.BertConfig(num_hidden_layers=1), context=8)
    with pytest.raises(thoplw.Error, match="must be a module, a config or a class"):
        thoplw.llm(3)
    with pytest.raises(thoplw.Error, match="Linear takes no cache"):
        thoplw.llm(torch.nn.Linear(2, 2))


def test_command(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({**SHAPES["Llama 3.1 405B"][1], "model_type": "llama"}))
    code, text, _ = in_process("llm", str(tmp_path), "--context", "8192", "--batch", "4", "-k", "json")
    assert code == 0
    assert json.loads(text)["figures"]["cache"]["all"] == thoplw.llm(llama(), context=8192, batch=4).all["cache"]


def test_callable_of_ones_own(tmp_path):
    """It says itself what its weights are in."""
    (tmp_path / "net.py").write_text(
        f"import transformers\ndef net(): return transformers.LlamaForCausalLM(transformers.LlamaConfig(**{SMALL}))\n"
    )
    code, text, _ = in_process("llm", f"{tmp_path}/net.py:net", "-k", "json")
    assert code == 0
    found = json.loads(text)
    figures = found["figures"]
    assert found["dtype"] == "fp32"
    assert figures["weights"]["all"] >= 4 * figures["parameters"]["all"]


def test_wrong_commands():
    for command, message in (
        (("llm", "net.onnx"), "a file has one pass in it, and no cache"),
        (("llm", "transformers:LlamaForCasualLM"), "did you mean 'LlamaForCausalLM'"),
        (("llm", "transformers:MambaConfig", "--set", "num_hidden_layers=1", "-k", "html"), "text, md, csv or json"),
        (("train", "net.onnx", "--kv-dtype", "fp8"), "--kv-dtype works only with `thoplw llm`"),
    ):
        code, _, said = in_process(*command)
        assert code == 2
        assert message in said


@pytest.mark.parametrize("kind", ["csv", "md", "text"])
def test_kinds(kind):
    """Each has every figure, and records have it exactly."""
    found = thoplw.llm(transformers.LlamaConfig(**SMALL), context=8, tensor_parallel=2, memory="1M", device="h100")
    lines = found.summary(kind).splitlines()
    if kind == "csv":
        table = {name: (whole, device) for name, _unit, whole, device in (line.split(",") for line in lines[1:])}
        assert table["cache"] == (str(found.all["cache"]), str(found.device["cache"]))
        assert table.keys() == found.all.keys() | found.device.keys()
    else:
        assert sum(line.startswith("|") for line in lines) >= len(found.all.keys() | found.device.keys()) + 1
