from tests.drills.report import Row, table


def test_the_table_has_a_line_per_drill_in_columns() -> None:
    rows = [
        Row("kill -9", "16 clients", "100 kills", 900, 0, 1, 1.25),
        Row("tokens", "10,000 mutants", "-", 0, 0, 0),
    ]
    assert table(row.as_property() for row in rows) == [
        "drill    load            faults     acknowledged  lost  doubled  worst",
        "kill -9  16 clients      100 kills  900           0     1        1,250 ms",
        "tokens   10,000 mutants  -          0             0     0        -",
    ]
