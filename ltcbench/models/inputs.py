"""What happens to the inputs before the cell: word numbers become vectors, missing values are carried forward."""

import torch
from torch import Tensor, nn

from ltcbench.errors import UserError
from ltcbench.models.options import DROPPED, SIZE, real, whole
from ltcbench.values import Range

VOCABULARY = Range(0, 10**8)


def carry_forward(values: Tensor, known: Tensor, before: Tensor) -> Tensor:
    """The last known value at every step.

    Args:
        values: (T, B, N).
        known: (T, B, N) or (T, B, 1) bool, where a value is known.
        before: (B, N), used until the first known value.
    """
    steps = torch.arange(1, len(values) + 1, device=values.device).view(-1, 1, 1)
    last = torch.where(known, steps, 0).cummax(0).values  # 0: none yet
    return torch.cat([before[None], values]).gather(0, last.expand(values.shape))


class Inputs(nn.Module):
    """Input handling, time first.

    Without a vocabulary and without a feature mask the inputs pass unchanged. With a vocabulary they are word numbers
    (T, B, 1) that an embedding turns into vectors. With a feature mask, missing values are replaced by the feature's
    last observed one (0 before the first) and the mask is put behind them, (T, B, 2 F); for cells that treat missing
    values themselves they are 0 (CfC paper's PyTorch code; its vector of times since the last update is never used).

    Args:
        features: F.
        feature_mask: whether a mask (T, B, F) comes with the inputs.
        carried: whether missing values are carried forward.
        vocabulary: number of words; 0: the inputs are no words.
        embedding_size: width of the embedding.
        embedding_dropout: share of the embedding's outputs dropped in training.

    Attributes:
        width: number of features that the cell receives.

    Raises:
        UserError: a number is out of range, or the arguments do not go together.
    """

    def __init__(
        self,
        features: int,
        feature_mask: bool = False,
        carried: bool = True,
        vocabulary: int = 0,
        embedding_size: int = 64,
        embedding_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        whole("vocabulary", vocabulary, VOCABULARY)
        whole("embedding_size", embedding_size, SIZE)
        real("embedding_dropout", embedding_dropout, DROPPED)
        if vocabulary and (features != 1 or feature_mask):
            raise UserError(f"a vocabulary needs input_size=1 and no feature mask, got input_size={features}.")
        self.features = features
        self.carried = feature_mask and carried
        self.embedding: nn.Embedding | None = None
        if vocabulary:
            self.embedding = nn.Embedding(vocabulary, embedding_size)
            nn.init.uniform_(self.embedding.weight, -0.05, 0.05)  # Keras' Embedding
        self.dropout = nn.Dropout(embedding_dropout)
        self.width = embedding_size if vocabulary else 2 * features if feature_mask else features

    def forward(self, x: Tensor, mask: Tensor | None, last: Tensor) -> tuple[Tensor, Tensor]:
        """What the cell receives, (T, B, width), and the last observed values (B, F).

        Args:
            x: (T, B, F).
            mask: (T, B, F) bool with a feature mask, else None.
            last: the last observed values before x (B, F).

        Raises:
            UserError: a word number outside the vocabulary.
        """
        if self.embedding is not None:
            words, size = x[..., 0].long(), self.embedding.num_embeddings
            if ((words < 0) | (words >= size)).any():
                raise UserError(f"word number outside the vocabulary: expected 0 to {size - 1}.")
            return self.dropout(self.embedding(words)), last
        if mask is None:
            return x, last
        if self.carried:
            x = carry_forward(x, mask, last)
            last = x[-1]
        return torch.cat([x, mask.to(x.dtype)], dim=2), last
