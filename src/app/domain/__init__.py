"""The product: one package per noun, `billing` where they meet."""
