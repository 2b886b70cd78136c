"""One command that runs everything: the embedded database, an API process and a worker process."""
