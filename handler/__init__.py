"""What ships to Lambda: the Flask app, the artifact's reader and the numpy engine."""
