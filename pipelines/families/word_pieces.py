"""A vocabulary of word pieces, learned by `tokenizers` from texts in lower case."""

from collections.abc import Iterable

import tokenizers
from tokenizers import models, normalizers, pre_tokenizers, trainers

from pipelines.edge import wordpiece

PADDING, MASK = "[PAD]", "[MASK]"
SPECIAL = [PADDING, wordpiece.UNKNOWN, wordpiece.START, wordpiece.END, MASK]  # the first ids
FIRST = len(SPECIAL)  # id of the first piece of a word


def learned(texts: Iterable[str], size: int) -> list[str]:
    """`size` pieces at most, in the order of their ids; see `edge.wordpiece`.

    Schuster & Nakajima 2012, as BERT has it: Devlin et al. 2019, arXiv:1810.04805, section 3.
    """
    made = tokenizers.Tokenizer(models.WordPiece(unk_token=wordpiece.UNKNOWN))
    made.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    trainer = trainers.WordPieceTrainer(
        vocab_size=size, special_tokens=SPECIAL, show_progress=False
    )
    made.train_from_iterator(texts, trainer)
    numbers = made.get_vocab()
    return sorted(numbers, key=numbers.__getitem__)
