# Acme Postgres on three marketplaces: one file, one server.

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

backend "postgres" "main" {
  config {
    # postgres://acme_admin:PASSWORD@db.internal:5432/postgres
    # What this role needs is in ../postgres/README.md.
    admin_url = secret("env:ACME_ADMIN_URL")
  }
}

addon "acme-db" {
  name        = "Acme Postgres"
  summary     = "A PostgreSQL database in seconds."
  description = "A PostgreSQL database of your own, ready when you are."
  logo        = "https://acme.example/logo-100.png"
  support     = "support@acme.example"
  currency    = "EUR"
  backend     = backend.postgres.main

  region "eu" {
    title = "Europe (Paris)"
    data  = { sslmode = var.db_sslmode }
  }

  plan "hobby" {
    description = "5 connections."
    price       = 0
    params      = { connection_limit = 5 }
  }

  plan "standard" {
    description = "50 connections."
    price       = 15
    params      = { connection_limit = 50 }
  }

  # Clever Cloud and Xervo want every name to begin with the add-on's id in
  # capitals; Scalingo takes any.
  config_vars = {
    ACME_DB_URL  = "postgres://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}/${output.database}?sslmode=${region.data.sslmode}"
    ACME_DB_HOST = output.host
    ACME_DB_NAME = output.database
  }

  messages {
    provision = "Your database ${output.database} is ready."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }

  platform "scalingo" {
    password = secret("env:SCALINGO_PASSWORD")
    sso_salt = secret("env:SCALINGO_SSO_SALT")
  }

  platform "xervo" {
    id       = "acme_db" # Xervo's ids have no dashes
    password = secret("env:XERVO_PASSWORD")
    sso_salt = secret("env:XERVO_SSO_SALT")
    regions  = { "us-east-1" = "eu" } # what it asks for comes from Paris all the same
  }
}
