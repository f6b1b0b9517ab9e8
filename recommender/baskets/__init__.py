"""What is bought together, bundles, and the next basket of a repeat buyer."""
