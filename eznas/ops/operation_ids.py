"""The ids of the operations under their names: compiled kernels can read plain integers only."""

from __future__ import annotations

from typing import Final

from eznas.ops.catalogue import BY_NAME

SUM: Final[int] = BY_NAME["sum"].id
DIFFERENCE: Final[int] = BY_NAME["difference"].id
PRODUCT: Final[int] = BY_NAME["product"].id
MATMUL: Final[int] = BY_NAME["matmul"].id
LESS_THAN: Final[int] = BY_NAME["less_than"].id
GREATER_THAN: Final[int] = BY_NAME["greater_than"].id
EQUAL_TO: Final[int] = BY_NAME["equal_to"].id
LOG: Final[int] = BY_NAME["log"].id
ABS_LOG: Final[int] = BY_NAME["abs_log"].id
ABS: Final[int] = BY_NAME["abs"].id
POWER: Final[int] = BY_NAME["power"].id
EXP: Final[int] = BY_NAME["exp"].id
NORMALIZE: Final[int] = BY_NAME["normalize"].id
RELU: Final[int] = BY_NAME["relu"].id
SIGN: Final[int] = BY_NAME["sign"].id
HEAVISIDE: Final[int] = BY_NAME["heaviside"].id
INVERT: Final[int] = BY_NAME["invert"].id
FROBENIUS_NORM: Final[int] = BY_NAME["frobenius_norm"].id
DETERMINANT: Final[int] = BY_NAME["determinant"].id
LOG_DETERMINANT: Final[int] = BY_NAME["log_determinant"].id
SYM_EIG_RATIO: Final[int] = BY_NAME["sym_eig_ratio"].id
EIG_RATIO: Final[int] = BY_NAME["eig_ratio"].id
NORMALIZED_SUM: Final[int] = BY_NAME["normalized_sum"].id
L1_NORM: Final[int] = BY_NAME["l1_norm"].id
HAMMING_DISTANCE: Final[int] = BY_NAME["hamming_distance"].id
KL_DIVERGENCE: Final[int] = BY_NAME["kl_divergence"].id
COSINE_SIMILARITY: Final[int] = BY_NAME["cosine_similarity"].id
SOFTMAX: Final[int] = BY_NAME["softmax"].id
SIGMOID: Final[int] = BY_NAME["sigmoid"].id
ONES_LIKE: Final[int] = BY_NAME["ones_like"].id
ZEROS_LIKE: Final[int] = BY_NAME["zeros_like"].id
GREATER_THAN_ZERO: Final[int] = BY_NAME["greater_than_zero"].id
LESS_THAN_ZERO: Final[int] = BY_NAME["less_than_zero"].id
NUMEL: Final[int] = BY_NAME["numel"].id
