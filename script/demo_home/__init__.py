"""A Home Assistant to look at: the mock cloud, a real Home Assistant, and the integration between them."""
