"""The usual stack: a Flask-RESTful app around a joblib file, packaged by Zappa as it comes."""
