"""The whole contract between Tocsin and a plugin. Strangers import it as `tocsin`."""
