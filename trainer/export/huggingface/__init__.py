"""Files that go into an exported folder as they are: what transformers needs to load it. Nothing in the
project imports them."""
