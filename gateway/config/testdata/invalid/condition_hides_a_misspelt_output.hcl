addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  config_vars = {
    ACME_DB_HOST = output.port > 5000 ? output.hots : output.host # ERROR AG302
    ACME_DB_NAME = output.port > 5000 ? upper(output.username, 1) : output.database # ERROR AG308
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
