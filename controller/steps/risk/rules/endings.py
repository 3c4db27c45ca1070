"""What goes away: resources that hold data or keys, and all others."""

from collections.abc import Iterator, Mapping, Sequence

from controller.model.plan import Action
from controller.steps.risk.findings import Change, RiskFinding

HELD: Mapping[str, tuple[str, ...]] = {
    "a database": (
        "aws_db_instance", "aws_rds_cluster", "aws_rds_cluster_instance", "aws_dynamodb_table",
        "aws_dynamodb_global_table", "aws_docdb_cluster", "aws_neptune_cluster",
        "aws_redshift_cluster", "aws_redshiftserverless_namespace", "aws_timestreamwrite_table",
        "aws_keyspaces_table", "aws_opensearch_domain", "aws_elasticsearch_domain",
        "aws_memorydb_cluster", "google_sql_database_instance", "google_sql_database",
        "google_spanner_instance", "google_spanner_database", "google_bigtable_instance",
        "google_bigquery_dataset", "google_bigquery_table", "google_firestore_database",
        "google_alloydb_cluster", "azurerm_mssql_server", "azurerm_mssql_database",
        "azurerm_postgresql_server", "azurerm_postgresql_flexible_server",
        "azurerm_mysql_flexible_server", "azurerm_cosmosdb_account", "azurerm_sql_database",
        "localcloud_database", "digitalocean_database_cluster",
    ),
    "a store of objects or files": (
        "aws_s3_bucket", "aws_efs_file_system", "aws_fsx_lustre_file_system",
        "aws_fsx_windows_file_system", "aws_fsx_ontap_file_system", "aws_fsx_openzfs_file_system",
        "aws_ecr_repository", "aws_glacier_vault", "aws_backup_vault", "google_storage_bucket",
        "google_filestore_instance", "google_artifact_registry_repository",
        "azurerm_storage_account", "azurerm_storage_container", "azurerm_storage_share",
        "azurerm_container_registry", "localcloud_bucket",
    ),
    "a volume": (
        "aws_ebs_volume", "aws_ebs_snapshot", "google_compute_disk", "azurerm_managed_disk",
        "kubernetes_persistent_volume", "kubernetes_persistent_volume_claim",
    ),
    "a queue or stream": (
        "aws_sqs_queue", "aws_sns_topic", "aws_kinesis_stream", "aws_msk_cluster", "aws_mq_broker",
        "google_pubsub_topic", "google_pubsub_subscription", "azurerm_servicebus_queue",
        "azurerm_servicebus_namespace", "azurerm_eventhub",
    ),
    "a key or secret": (
        "aws_kms_key", "aws_secretsmanager_secret", "aws_ssm_parameter",
        "aws_acmpca_certificate_authority", "google_kms_crypto_key", "google_kms_key_ring",
        "google_secret_manager_secret",
        "azurerm_key_vault", "azurerm_key_vault_key", "azurerm_key_vault_secret", "random_password",
        "tls_private_key",
    ),
    "a log": (
        "aws_cloudwatch_log_group", "aws_cloudtrail", "aws_flow_log",
        "google_logging_project_bucket_config", "azurerm_log_analytics_workspace",
    ),
    "a DNS zone": (
        "aws_route53_zone", "google_dns_managed_zone", "azurerm_dns_zone", "cloudflare_zone",
    ),
    "a cache": (
        "aws_elasticache_cluster", "aws_elasticache_replication_group",
        "aws_elasticache_serverless_cache", "google_redis_instance", "azurerm_redis_cache",
    ),
    "users": ("aws_cognito_user_pool", "azuread_application"),
}  # fmt: skip
STATEFUL = {name: what for what, names in HELD.items() for name in names}
WORDS = {
    Action.DELETE: "is destroyed",
    Action.REPLACE: "is replaced",
    Action.FORGET: "is forgotten",
}


def find(changes: Sequence[Change]) -> Iterator[RiskFinding]:
    """Find what does not live on."""
    for change in changes:
        if not change.ends:
            continue
        held, word = STATEFUL.get(change.type), WORDS[change.action]
        if held is None:
            yield RiskFinding("ends", f"`{change.address}` {word}", change.address)
        elif change.action is Action.FORGET:
            sentence = f"`{change.address}` {word}: it is {held} that nobody looks after then"
            yield RiskFinding("ends", sentence, change.address)
        else:
            sentence = f"`{change.address}` {word}: it is {held}"
            yield RiskFinding("stateful-ends", sentence, change.address)
