# A platform that needs every config var gets none that may be null or empty.
addon "acme-db" {
  backend = backend.postgres.main
  region "eu" {
    data = { host = "db.eu", zone = "" }
  }
  plan "hobby" {
    params = { connection_limit = 5 }
  }
  plan "big" {
    params = { connection_limit = 50, replica = true }
  }

  config_vars = {
    ACME_DB_URL     = "postgres://${output.username}@${output.host}"
    ACME_DB_NOTE    = plan.id == "big" ? "x" : null # ERROR AG417
    ACME_DB_ZONE    = region.data.zone # ERROR AG417
    ACME_DB_OWNER   = resource.owner.name # ERROR AG417
    ACME_DB_PORT    = output.port > 1 ? output.port : null # ERROR AG417
    ACME_DB_EXTRA   = resource.owner.name
  }

  platform "needycloud" {
    password    = secret("env:CLEVER_PASSWORD")
    sso_salt    = secret("env:CLEVER_SSO_SALT")
    config_vars = { ACME_DB_EXTRA = null }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
