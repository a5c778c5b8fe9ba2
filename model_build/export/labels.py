"""Exports encoders of labels; the mirror of ``handler.engine.labels``."""

from collections.abc import Mapping

from sklearn.preprocessing import LabelBinarizer, LabelEncoder, MultiLabelBinarizer

from model_build.export.node import Context, Exporter, Node
from model_build.export.preprocessing import plain


def _encoder(estimator: LabelEncoder, context: Context) -> Node:
    return {"kind": "labels.LabelEncoder", "classes": plain(estimator, estimator.classes_, context)}


def _binarizer(estimator: LabelBinarizer, context: Context) -> Node:
    values = {"negative": int(estimator.neg_label), "positive": int(estimator.pos_label)}
    if estimator.y_type_ == "multilabel-indicator":
        width = len(estimator.classes_)
        return {"kind": "labels.IndicatorBinarizer", "width": width, **values}
    classes = plain(estimator, estimator.classes_, context)
    return {"kind": "labels.LabelBinarizer", "classes": classes, **values}


def _multi_label(estimator: MultiLabelBinarizer, context: Context) -> Node:
    classes = plain(estimator, estimator.classes_, context)
    return {"kind": "labels.MultiLabelBinarizer", "classes": classes}


EXPORTERS: Mapping[type, Exporter] = {
    LabelBinarizer: _binarizer,
    LabelEncoder: _encoder,
    MultiLabelBinarizer: _multi_label,
}
