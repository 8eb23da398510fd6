"""Worlds: seeded generators that write documents, questions and instructions from tables of true facts."""
