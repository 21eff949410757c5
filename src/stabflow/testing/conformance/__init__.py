"""What the kits of stores and of notifiers share: checks by clause and level, how they are made, and what came of them."""
