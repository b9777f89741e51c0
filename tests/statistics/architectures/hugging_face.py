"""Architectures of the package transformers, built from their configurations alone: nothing is downloaded."""

import torch
import transformers
from architecture import Architecture, images, tokens

transformers.logging.set_verbosity_error()


def made(model, config, full=None, small=None):
    """Return what makes a model of a configuration with these settings."""
    kind, settings = getattr(transformers, config), (full or {}, small or {})
    return lambda is_small: getattr(transformers, model)(kind(**settings[is_small]))


_LAYERS = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
_STAGES = {"depths": [1, 1, 1, 1], "hidden_sizes": [8, 16, 24, 32]}


def _masked(vocabulary):
    batch = tokens(vocabulary)

    def masked(is_small):
        ids = batch(is_small)
        return {"input_ids": ids, "attention_mask": torch.ones_like(ids)}

    return masked


def _sequences(is_small):
    ids = tokens(32128)(is_small)
    return {"input_ids": ids, "decoder_input_ids": ids}


HUGGING_FACE = {
    "RegNetX-4GF": Architecture(
        made(
            "RegNetForImageClassification",
            "RegNetConfig",
            {"layer_type": "x", "depths": [2, 5, 14, 2], "hidden_sizes": [80, 240, 560, 1360], "groups_width": 40},
            {"hidden_sizes": [16, 32], "depths": [1, 1], "groups_width": 8},
        ),
        images(),
    ),
    "MobileNetV1": Architecture(
        made("MobileNetV1ForImageClassification", "MobileNetV1Config", {}, {"depth_multiplier": 0.25}), images(batch=2)
    ),
    "MobileNetV2": Architecture(
        made("MobileNetV2ForImageClassification", "MobileNetV2Config", {}, {"depth_multiplier": 0.25}), images(batch=2)
    ),
    "EfficientNet-B0": Architecture(
        made(
            "EfficientNetForImageClassification",
            "EfficientNetConfig",
            {"width_coefficient": 1.0, "depth_coefficient": 1.0, "hidden_dim": 1280},
            {"width_coefficient": 0.25, "depth_coefficient": 0.1, "hidden_dim": 320},
        ),
        images(batch=2),
    ),
    "ConvNeXt-T": Architecture(made("ConvNextForImageClassification", "ConvNextConfig", {}, _STAGES), images()),
    "ConvNeXtV2-T": Architecture(made("ConvNextV2ForImageClassification", "ConvNextV2Config", {}, _STAGES), images()),
    "ViT-B/16": Architecture(
        made("ViTForImageClassification", "ViTConfig", {}, {"image_size": 64, **_LAYERS}), images()
    ),
    "Swin-T": Architecture(
        made(
            "SwinForImageClassification",
            "SwinConfig",
            {},
            {"image_size": 64, "embed_dim": 8, "depths": [2, 2], "num_heads": [1, 2], "window_size": 4},
        ),
        images(),
    ),
    "SegFormer-B0": Architecture(
        made(
            "SegformerForSemanticSegmentation",
            "SegformerConfig",
            {},
            {**_STAGES, "decoder_hidden_size": 8, "num_attention_heads": [1, 1, 1, 1]},
        ),
        images(batch=2),
    ),
    "MobileViT-S": Architecture(
        made(
            "MobileViTForImageClassification",
            "MobileViTConfig",
            {},
            {"image_size": 64, "hidden_sizes": [16, 16, 16], "neck_hidden_sizes": [8, 8, 8, 8, 8, 8, 16]},
        ),
        images(batch=2),
    ),
    "GPT-2": Architecture(
        made(
            "GPT2LMHeadModel",
            "GPT2Config",
            {},
            {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 100, "bos_token_id": 0, "eos_token_id": 0},
        ),
        tokens(50257),
    ),
    "BERT-base": Architecture(
        made("BertForSequenceClassification", "BertConfig", {}, {**_LAYERS, "vocab_size": 100}), _masked(30522)
    ),
    "Llama, 15 million": Architecture(
        made(
            "LlamaForCausalLM",
            "LlamaConfig",
            {
                "vocab_size": 8000,
                "hidden_size": 384,
                "intermediate_size": 1024,
                "num_hidden_layers": 6,
                "num_attention_heads": 6,
            },
            {**_LAYERS, "vocab_size": 100},
        ),
        tokens(8000),
    ),
    "T5-small": Architecture(
        made(
            "T5ForConditionalGeneration",
            "T5Config",
            {},
            {"d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 2, "num_heads": 2, "vocab_size": 100},
        ),
        _sequences,
    ),
}
