"""Exports topic models; the mirror of ``handler.engine.topics``."""

from collections.abc import Mapping

import numpy as np
from sklearn.decomposition import LatentDirichletAllocation

from model_build.export.node import Context, Exporter, Node


def _topics(estimator: LatentDirichletAllocation, context: Context) -> Node:
    topics = estimator.exp_dirichlet_component_
    if topics.dtype != np.float64:
        raise context.unsupported(estimator, "it iterates in float32")
    return {
        "kind": "topics.Topics",
        "topics": topics,
        "prior": float(estimator.doc_topic_prior_),
        "tolerance": float(estimator.mean_change_tol),
        "rounds": int(estimator.max_doc_update_iter),
    }


EXPORTERS: Mapping[type, Exporter] = {LatentDirichletAllocation: _topics}
