"""Splink's clusters of records by the identifiers that they share.

A program: {"landed": the folder of leads.parquet and contacts.parquet, "said": SQL that makes of them the views records
and said, "links": SQL that makes the table links of the bare algorithm, or null for Splink's own pairs, "fingerprint":
SQL over the view found} as JSON on standard input; prints seconds, components and fingerprint as one line of JSON.
"""

import json
import sys
import time

import duckdb
from splink import DuckDBAPI, Linker, SettingsCreator, block_on
from splink.clustering import cluster_pairwise_predictions_at_threshold
from splink.internals.splink_dataframe import SplinkDataFrame


def main() -> None:
    given = json.loads(sys.stdin.read())
    connection = duckdb.connect()
    connection.execute("SET preserve_insertion_order = false; SET enable_progress_bar = false")
    for table in ("leads", "contacts"):
        connection.execute(f"CREATE TABLE {table} AS FROM read_parquet('{given['landed']}/{table}.parquet')")
    connection.execute(given["said"])
    engine = DuckDBAPI(connection=connection)
    began = time.perf_counter()
    clusters = of_links(engine, connection, given["links"]) if given["links"] else of_rules(engine, connection)
    seconds = time.perf_counter() - began
    connection.execute(
        "CREATE VIEW found AS SELECT records.record_id, cluster_id AS component "
        f"FROM records JOIN {clusters.physical_name} USING (record)"
    )
    count, fingerprint = connection.execute(given["fingerprint"]).fetchall()[0]
    print(json.dumps({"seconds": seconds, "components": count, "fingerprint": fingerprint}))


def of_rules(engine: DuckDBAPI, connection: duckdb.DuckDBPyConnection) -> SplinkDataFrame:
    """As Splink's documentation links without a model: a rule for each identifier that two records can share."""
    connection.execute("CREATE TABLE people AS FROM records")
    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record",
        blocking_rules_to_generate_predictions=[block_on("email"), block_on("customer_number"), block_on("contact_id")],
    )
    linker = Linker(engine.register("people"), settings)
    pairs = linker.inference.deterministic_link()
    return linker.clustering.cluster_pairwise_predictions_at_threshold(pairs)


def of_links(engine: DuckDBAPI, connection: duckdb.DuckDBPyConnection, links: str) -> SplinkDataFrame:
    """Its clustering alone, of pairs that others found."""
    connection.execute(links)
    return cluster_pairwise_predictions_at_threshold(
        engine.register("records"),
        engine.register("links"),
        engine,
        node_id_column_name="record",
        edge_id_column_name_left="record",
        edge_id_column_name_right="first_record",
    )


if __name__ == "__main__":
    main()
