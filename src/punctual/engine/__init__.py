"""What time makes happen: claim, plan, dispatch."""
