"""Ground floor: the plugin SDK, and the built-in kinds written against it like anybody's."""
