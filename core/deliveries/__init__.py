"""The outbox: channels, webhooks, and the messages owed to them."""
