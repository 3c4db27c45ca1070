from tests.unit.web.conftest import bearer


async def test_the_numbers_of_the_controller(client):
    answer = await client.get("/metrics", headers=bearer("vera"))
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    for line in (
        'trueup_reconcile_condition{status="True",type="Ready"} 4.0',
        'trueup_drift_verdict_oldest_seconds{environment="dev"} 180.0',
        'trueup_disk_used_bytes{name="mirror.git"} 3.145728e+07',
        'trueup_cleaned_up{kind="events"} 120.0',
        "trueup_units_drifted 1.0",
        'trueup_stage_health{health="degraded"} 1.0',
        "trueup_approvals_wanted 1.0",
        'trueup_queue_depth{lane="unit",state="working"} 1.0',
        'trueup_queue_depth{lane="stage",state="due"} 1.0',
        'trueup_queue_depth{lane="drift",state="planned"} 1.0',
        'trueup_queue_oldest_seconds{lane="stage"} 9.0',
        'trueup_findings{severity="error"} 1.0',
        "trueup_repository_age_seconds 12.0",
    ):
        assert (
            line in lines
            or line.replace('status="True",type="Ready"', 'type="Ready",status="True"') in lines
        ), line


async def test_labels_hold_nothing_that_people_write(client):
    text = (await client.get("/metrics", headers=bearer())).text
    assert "Casey" not in text
    assert "recommendations" not in text


async def test_a_series_for_each_unit_is_there_for_who_asks(client):
    line = 'trueup_drift_verdict_age_seconds{unit="shop/dev/shop-api"} 180.0'
    assert line not in (await client.get("/metrics", headers=bearer())).text
    assert line in (await client.get("/metrics?units=yes", headers=bearer())).text
    assert (await client.get("/metrics?units=no", headers=bearer())).status_code == 400
