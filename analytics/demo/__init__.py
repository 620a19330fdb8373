"""A simulated retailer, Spring & Oak 春栎生活, to see the product at work.

Nothing here is real: names are drawn from lists, telephone numbers lie in a range no
network has, e-mail addresses at domains reserved for examples.
"""
