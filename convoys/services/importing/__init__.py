"""Loads a case: a folder of coded files about real convoys, in the words of this project.

`tables` and `cells` read the files; `organisations`, `places` and `routes` keep master data;
`accounts` and `records` turn lines into change sets; `case` applies them in order.
"""
