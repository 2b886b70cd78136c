"""The documented REST APIs beside GraphQL: each dialect translates, and nothing else."""
