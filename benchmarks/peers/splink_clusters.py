"""Splink's clustering of records by the identifiers that they share.

A program: {"landed": the folder of said.parquet and records.parquet, "edges": SQL that makes the table edges of the
table said, "fingerprint": SQL over {components}} as JSON on standard input; prints seconds, components and fingerprint
as one line of JSON. The edges are those of the bare algorithm: pairs of all that share an identifier would be more.
"""

import json
import sys
import time

import duckdb
from splink import DuckDBAPI
from splink.clustering import cluster_pairwise_predictions_at_threshold


def main() -> None:
    given = json.loads(sys.stdin.read())
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    for table in ("said", "records"):
        connection.execute(f"CREATE TABLE {table} AS FROM read_parquet('{given['landed']}/{table}.parquet')")
    engine = DuckDBAPI(connection=connection)
    began = time.perf_counter()
    connection.execute(given["edges"])
    nodes, edges = engine.register("records"), engine.register("edges")
    clusters = cluster_pairwise_predictions_at_threshold(
        nodes,
        edges,
        engine,
        node_id_column_name="record",
        edge_id_column_name_left="record",
        edge_id_column_name_right="first_record",
    )
    seconds = time.perf_counter() - began
    components = f"""(
        SELECT record_id, cluster_id AS component
        FROM records JOIN {clusters.physical_name} USING (record)
    )"""
    count, fingerprint = connection.execute(given["fingerprint"].format(components=components)).fetchall()[0]
    print(json.dumps({"seconds": seconds, "components": count, "fingerprint": fingerprint}))


if __name__ == "__main__":
    main()
