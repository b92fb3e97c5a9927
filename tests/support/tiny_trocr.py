"""A TrOCR model of a few hundred kilobytes, built and taught a handful of words in seconds, offline."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 "
_SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")
_START, _PADDING, _END = 0, 1, 2
_HEIGHT, _WIDTH, _PATCH = 32, 96, 8
_AT_ONCE = 16
_SIZES = (18, 24, 30)
_MARGINS = ((0, 6, 12), (0, 6, 12))
_REPEATED = 6
_LEARNT = 0.01


def draw(text: str, *, size: int = 24, margins: tuple[int, int] = (6, 6)) -> Any:
    """Return a line of text as pixels, black on white, with margins at the sides, and above and below."""
    import font_roboto
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    font = ImageFont.truetype(font_roboto.Roboto, size)
    left, top, right, bottom = font.getbbox(text)
    aside, above = margins
    extent = (int(right - left) + 2 * aside, int(bottom - top) + 2 * above)
    picture = Image.new("RGB", extent, "white")
    ImageDraw.Draw(picture).text((aside - left, above - top), text, fill="black", font=font)
    return np.asarray(picture)[:, :, ::-1].copy()


def build(folder: Path, *, seed: int = 0) -> Path:
    """Save a model with random weights, its tokenizer and its image processor, as Transformers does."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import (
        PreTrainedTokenizerFast,
        TrOCRConfig,
        VisionEncoderDecoderConfig,
        VisionEncoderDecoderModel,
        ViTConfig,
    )
    from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

    torch.manual_seed(seed)
    vocabulary = {token: number for number, token in enumerate([*_SPECIAL, *CHARACTERS])}
    letters = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    letters.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    letters.decoder = decoders.Fuse()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=letters, bos_token="<s>", pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    encoder = ViTConfig(
        hidden_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        image_size=(_HEIGHT, _WIDTH),
        patch_size=_PATCH,
        hidden_dropout_prob=0.0,
    )
    decoder = TrOCRConfig(
        vocab_size=len(vocabulary),
        d_model=64,
        decoder_layers=1,
        decoder_attention_heads=2,
        decoder_ffn_dim=128,
        max_position_embeddings=32,
        cross_attention_hidden_size=64,
        dropout=0.0,
        decoder_start_token_id=_START,
        bos_token_id=_START,
        pad_token_id=_PADDING,
        eos_token_id=_END,
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id, config.pad_token_id, config.eos_token_id = _START, _PADDING, _END
    network = VisionEncoderDecoderModel(config)
    network.generation_config.decoder_start_token_id = _START
    network.generation_config.pad_token_id = _PADDING
    network.generation_config.eos_token_id = _END
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    ViTImageProcessorPil(size={"height": _HEIGHT, "width": _WIDTH}).save_pretrained(folder)
    return folder


def page_of(words: Sequence[str]) -> Any:
    """Return a page with one word below the other, as pixels."""
    import numpy as np

    page = np.full((90 * len(words) + 40, 500, 3), 255, np.uint8)
    for row, word in enumerate(words):
        picture = draw(word, size=27)
        top = 30 + 90 * row
        page[top : top + picture.shape[0], 60 : 60 + picture.shape[1]] = picture
    return page


def teach(folder: Path, words: Sequence[str], cuttings: Sequence[Any], *, steps: int = 600) -> None:
    """Train the saved model to read words in three sizes and with several margins, and save it again.

    Args:
        cuttings: one picture of each word as a detector cuts it out, which is learnt too.
    """
    import torch
    from transformers import AutoImageProcessor, AutoTokenizer, VisionEncoderDecoderModel

    torch.manual_seed(0)
    torch.set_num_threads(1)
    prepare = AutoImageProcessor.from_pretrained(folder, backend="pil")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    network = VisionEncoderDecoderModel.from_pretrained(folder).train()
    kinds = list(product(words, _SIZES, product(*_MARGINS)))
    drawn = [draw(word, size=size, margins=margins) for word, size, margins in kinds]
    pictures = [picture[:, :, ::-1] for picture in (*drawn, *cuttings * _REPEATED)]
    shown = [*(word for word, _, _ in kinds), *tuple(words) * _REPEATED]
    pixels = prepare(pictures, return_tensors="pt").pixel_values
    labels = torch.full((len(shown), max(map(len, words)) + 1), -100)
    for row, word in enumerate(shown):
        tokens = [*tokenizer(word, add_special_tokens=False).input_ids, _END]
        labels[row, : len(tokens)] = torch.tensor(tokens)
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    learnt = 0
    for _ in range(steps):
        some = torch.randperm(len(shown))[:_AT_ONCE]
        optimiser.zero_grad()
        loss = network(pixel_values=pixels[some], labels=labels[some]).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        learnt = learnt + 1 if loss.item() < _LEARNT else 0
        # The last ten handfuls may all have missed the one picture that is still misread.
        if learnt >= 10 and _knows_all(network, pixels, labels):
            break
    network.save_pretrained(folder)


def _knows_all(network: Any, pixels: Any, labels: Any) -> bool:
    import torch

    with torch.inference_mode():
        found = network(pixel_values=pixels, labels=labels).logits.argmax(-1)
    return bool(((found == labels) | (labels == -100)).all())
