"""Looking and recording: the runner, the recorder, and the folds between them."""
