"""What a running session asks for next: neighbour sessions, what followed what, and a learnt order of both."""
