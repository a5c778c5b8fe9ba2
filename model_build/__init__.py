"""Train a scikit-learn model, prove a numpy copy of it equal, bundle that copy for Lambda."""
