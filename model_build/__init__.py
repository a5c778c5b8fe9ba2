"""Train a scikit-learn model, prove a numpy copy of it equal, and bundle that copy for AWS Lambda."""
