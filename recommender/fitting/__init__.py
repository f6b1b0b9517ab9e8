"""The steps of a fit: its data, the models made on the way, what they are taught and how they are tested."""
