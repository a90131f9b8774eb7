addon "acme-db" {
  name = "${var.name}"
  summary = "${var.summary}!"
  title = "${upper(var.name)}"
  config_vars = {
    "${local.key}" = "${output.host}"
    ACME_DB_PORT = "${ output.port }"
    ACME_DB_EU = "${local.hosts["${region.id}"]}"
    ACME_DB_ALL = [for h in"${local.hosts}": h]
    ACME_DB_KEPT = "${output.host /* why */}"
    ACME_DB_NONE = "$${output.host}"
  }
}
