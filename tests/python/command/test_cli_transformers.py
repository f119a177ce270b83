"""The command on models of transformers: by class, by config file, with fields set."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from thoplw import _models, _native

transformers = pytest.importorskip("transformers")

SMALL = {"num_hidden_layers": 1, "hidden_size": 8, "intermediate_size": 12, "num_attention_heads": 2, "vocab_size": 50}


def run(*args: str, **settings: object) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
    code = _native.run_command_line([*args, *sets], _models.open_model, out, err)
    return code, out.getvalue(), err.getvalue()


def rows(*args: str, **settings: object) -> dict[str, list[str]]:
    """Class, shapes, MACs and parameters by name."""
    code, out, err = run(*args, "--kind", "csv", **settings)
    assert (code, err) == (0, "")
    return {row[0]: row[1:] for row in list(csv.reader(io.StringIO(out)))[1:]}


def test_a_config_class_is_the_plain_model():
    table = rows("transformers:BertConfig", **SMALL)
    assert table["Total"][0] == "BertModel"
    # 128 tokens; 8 x 12 and 12 x 8 weights with biases
    assert table["encoder.layer.0.intermediate.dense"] == ["Linear", "128 x 8", "128 x 12", "13824", "108"]
    assert table["encoder.layer.0.output.dense"] == ["Linear", "128 x 12", "128 x 8", "13312", "104"]


def test_a_model_class_is_that_model():
    table = rows("transformers:BertForMaskedLM", "--input", "2x5:i64", **SMALL)
    assert table["Total"][0] == "BertForMaskedLM"
    assert table["cls.predictions.decoder"][3] == str(2 * 5 * (8 * 50 + 50))


def test_no_weights_are_made():
    table = rows("transformers:LlamaConfig", "--convention", "exact", num_hidden_layers=2, hidden_size=16384)
    # Of each layer 2 of the 4 projections are square (heads are of 512, for keys and values as many): 128 tokens.
    assert table["layers.1.self_attn.q_proj"][3] == str(128 * 16384 * 16384)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    config = {"model_type": "bert", "architectures": ["BertForSequenceClassification"], "num_labels": 3, **SMALL}
    (tmp_path / "config.json").write_text(json.dumps(config))
    return tmp_path


def test_a_config_file_names_its_architecture(folder):
    for name in (folder, folder / "config.json"):
        table = rows(f"transformers:{name}")
        assert table["Total"][0] == "BertForSequenceClassification"
        assert table["classifier"][:4] == ["Linear", "8", "3", str(8 * 3 + 3)]


def test_settings_override_a_config_file(folder):
    table = rows(f"transformers:{folder}", num_hidden_layers=2, intermediate_size=20)
    assert table["bert.encoder.layer.1.intermediate.dense"][3] == str(128 * (8 * 20 + 20))


def test_fields_have_the_names_of_either_side():
    """GPT-2 says n_embd where others say hidden_size."""
    for field in ("n_embd", "hidden_size"):
        table = rows("transformers:GPT2Config", **{field: 24}, n_layer=1, n_head=2)
        assert table["h.0.mlp.c_fc"][1:3] == ["128 x 24", "128 x 96"]


def test_what_follows_from_a_field_follows():
    table = rows("transformers:Qwen3Config", num_hidden_layers=3, hidden_size=64)
    assert "layers.2.mlp.up_proj" in table
    assert "layers.3.mlp.up_proj" not in table


def test_a_config_inside_a_config():
    table = rows(
        "transformers:CLIPConfig", **{"text_config.num_hidden_layers": 1, "vision_config.num_hidden_layers": 2}
    )
    assert table["Total"][0] == "CLIPModel"
    assert "text_model.encoder.layers.0.mlp.fc1" in table
    assert "vision_model.encoder.layers.1.mlp.fc1" in table
    assert "vision_model.encoder.layers.2.mlp.fc1" not in table


@pytest.mark.parametrize(
    ("model", "settings", "row", "shape"),
    [
        ("ViTModel", {"image_size": 64, "num_hidden_layers": 1}, "Total", "3 x 64 x 64"),
        ("GPT2Config", {"n_layer": 1, "n_positions": 77}, "Total", "77"),
        ("T5Config", {"num_layers": 1}, "decoder.final_layer_norm", "128 x 512"),
    ],
)
def test_default_inputs(model, settings, row, shape):
    assert rows(f"transformers:{model}", **settings)[row][1] == shape


@pytest.mark.parametrize(
    ("model", "settings", "message"),
    [
        ("BertModl", {}, "transformers has no model or config 'BertModl'; did you mean 'BertModel'?"),
        ("pipeline", {}, "transformers has no model or config 'pipeline'"),
        ("BertTokenizer", {}, "BertTokenizer is neither a model nor a config"),
        ("BertConfig", {"hiden_size": 8}, "BertConfig has no field 'hiden_size'; did you mean 'hidden_size'?"),
        ("BertConfig", {"text_config.hidden_size": 8}, "BertConfig has no field 'text_config'"),
        ("CLIPConfig", {"text_config.hiden_size": 8}, "CLIPTextConfig has no field 'hiden_size'; did you mean"),
        ("BertConfig", {"hidden_size": 13}, "cannot be built: ValueError"),
        ("Wav2Vec2Config", {"num_hidden_layers": 1}, "give --input"),
        ("no/such/config.json", {}, "no such file"),
        ("{folder}/none", {}, "no such file"),
        ("{folder}/broken.json", {}, "broken.json"),
        ("{folder}/other.json", {}, "has no field 'model_type'"),
        ("{folder}/unknown.json", {}, "has no model type 'brt'; did you mean 'bert'?"),
    ],
)
def test_errors(model, settings, message, tmp_path):
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.json").write_text('{"layers": 3}')
    (tmp_path / "unknown.json").write_text('{"model_type": "brt"}')
    code, out, err = run(f"transformers:{model}".replace("{folder}", str(tmp_path)), **settings)
    assert (code, out) == (2, "")
    assert err.startswith("thoplw: ")
    assert message in err
    assert err.count("\n") == 1
