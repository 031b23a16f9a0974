"""Experiments: who gets which variant, what came of it, and what that proves. The content defines them."""
