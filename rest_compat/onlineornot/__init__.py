"""OnlineOrNot's API of tokens."""
