"""The learnt order of candidates, diversity and business weights."""
