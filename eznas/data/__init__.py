"""Official data files: where they are published, how they are fetched, and readers that execute nothing of them."""
