"""The engine: services, rules, storage and workers. It knows no GraphQL and no REST."""
