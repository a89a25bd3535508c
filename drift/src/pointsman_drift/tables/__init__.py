"""What comes in: pandas, Polars, Arrow, Parquet or plain lists, as one relation of DuckDB."""
