"""What leaves the warehouse as files: Parquet by the day, and single documents."""
