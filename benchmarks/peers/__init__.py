"""What the API is measured against, as servers of their own: they check no token and count no requests.

`raw` answers with what one statement makes of the tables, `stock` by REST framework as its tutorial has
it, `fast` is FastAPI with asyncpg and orjson, where these are installed.
"""
