"""Answers as tables for people in Excel, Power BI and R, and as features for maps.

`columns` are what tables are made of and `tables` which there are; `csv_file`, `workbook` and `geojson` write
them; `negotiation` says which format an answer has, and `files` makes the whole of a list into one file.
Whatever is shown went through the serializers of JSON first. Why so: docs/decisions/0011-tables.md.
"""
