"""What REST answers and webhooks carry, in the recorded shapes."""
