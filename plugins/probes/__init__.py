"""Built-in probe kinds. Each imports `plugins.api` only, exactly as a stranger's package does."""
