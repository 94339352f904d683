"""Pictures on assets: what cannot be drawn is said, and fails nothing."""

from pathlib import Path

import dagster as dg

from sf_elt.components.pictures import pictures_of_audiences, pictures_of_scores
from sf_elt.insight import SCORES
from sf_elt.warehouse import Warehouse


def run(warehouse: Warehouse) -> tuple[dg.ExecuteInProcessResult, list[str]]:
    """A run of an asset that shows pictures, and its warnings."""

    @dg.asset
    def shown(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
        pictures = {**pictures_of_scores(context, warehouse), **pictures_of_audiences(context, warehouse, ["Loyal"])}
        return dg.MaterializeResult(metadata=pictures)

    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize([shown], instance=instance)
        logs = instance.all_logs(result.run_id)
    return result, [entry.user_message for entry in logs if entry.level == 30]


def shown_by(result: dg.ExecuteInProcessResult) -> dict[str, str]:
    (event,) = result.get_asset_materialization_events()
    return {
        name: value.value
        for name, value in event.materialization.metadata.items()
        if isinstance(value, dg.MarkdownMetadataValue)
    }


def test_what_cannot_be_drawn_fails_no_run(tmp_path: Path) -> None:
    """A table that is broken, a warehouse that is not there: the run succeeds, warns with the cause, shows the rest."""
    result, warnings = run(Warehouse(tmp_path / "none"))
    assert result.success
    assert len(warnings) == 2
    assert all("WarehouseEmpty" in each and "not shown" in each for each in warnings)
    warehouse = Warehouse(tmp_path / "one")
    with warehouse.write() as connection:
        connection.execute("DROP TABLE insight.scores")
    result, warnings = run(warehouse)
    assert result.success
    assert [each.split(".")[0] for each in warnings] == ["not shown: spread_of_scores", "not shown: sample"]
    assert "scores does not exist" in warnings[0]
    assert "nothing%20yet" in shown_by(result)["Loyal: over time"].replace("\xa0", "%20")


def test_scores_are_shown_as_they_are_spread(tmp_path: Path) -> None:
    """All nine have their place; one that nobody has says so."""
    warehouse = Warehouse(tmp_path)
    with warehouse.write() as connection:
        connection.execute(
            "INSERT INTO insight.scores BY NAME SELECT 'p1' AS profile_id, 100 AS quantity, now() AS computed_at"
        )
    result, warnings = run(warehouse)
    assert warnings == []
    picture = shown_by(result)["spread_of_scores"]
    assert all(score in picture for score in SCORES)
    assert picture.count("nothing\xa0yet") == len(SCORES) - 1
