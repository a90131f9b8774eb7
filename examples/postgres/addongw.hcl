# Acme Postgres: a database for each customer on a server that we already run.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://addons.acme.example"
}

store "sqlite" {
  path = "addongw.db"
}

# How customers' applications speak TLS to the server. "disable" is for trying
# this out on a server of your own machine.
variable "db_sslmode" {
  description = "sslmode of the URLs that customers receive."
  type        = string
  default     = "require"
}

locals {
  # A list, not a map: plans are offered in this order.
  sizes = [
    { id = "hobby", price = 0, connections = 5, storage_mb = 1000 },
    { id = "standard", price = 15, connections = 50, storage_mb = 10000 },
    { id = "business", price = 90, connections = 200, storage_mb = 100000 },
  ]
}

backend "postgres" "main" {
  timeouts {
    provision   = "20s"
    change_plan = "20s"
    deprovision = "2m"
  }

  config {
    # postgres://acme_admin:PASSWORD@db.internal:5432/postgres
    # What this role needs is in README.md.
    admin_url = secret("env:ACME_ADMIN_URL")

    # Names come from the resource's id, so that a repeated call finds its own.
    database = "acme_${resource.short_id}"
    role     = "u_${resource.short_id}"

    # A week to think again: keep the data of who leaves.
    # drop_policy = "keep-7d"

    # Where customers reach the server, if not as admin_url does:
    # host = "db.eu.acme.example"
  }
}

addon "acme-db" {
  name        = "Acme Postgres"
  summary     = "A PostgreSQL database in seconds"
  description = "A PostgreSQL database of your own, ready when you are."
  currency    = "EUR"
  backend     = backend.postgres.main

  region "eu" {
    title = "Europe (Paris)"
    data  = { sslmode = var.db_sslmode }
  }

  plan "size" {
    for_each    = local.sizes
    id          = each.value.id
    name        = title(each.value.id)
    description = "Up to ${each.value.connections} connections."
    price       = each.value.price
    params      = { connection_limit = each.value.connections }
    limits      = { storage_mb = each.value.storage_mb } # beside output.storage_mb, which is measured
    features    = ["${each.value.connections} connections", "Daily backup"]
  }

  config_vars = {
    ACME_DB_URL      = "postgres://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}/${output.database}?sslmode=${region.data.sslmode}"
    ACME_DB_HOST     = output.host
    ACME_DB_NAME     = output.database
    ACME_DB_POOL_MAX = floor(plan.params.connection_limit * 0.8) # leave some for a human with psql
  }

  messages {
    provision = "Your database ${output.database} is ready."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" }
  }
}
