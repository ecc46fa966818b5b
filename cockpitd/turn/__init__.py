"""The flow of one turn, from what came in to what is said; engines and the car come in through ports."""
