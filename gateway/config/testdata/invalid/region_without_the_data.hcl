addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  region "us" {
    data = { host = "db.us.acme.example" }
  }

  config_vars = {
    ACME_DB_HOST = region.data.host # ERROR AG304
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
