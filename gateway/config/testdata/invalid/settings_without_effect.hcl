addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password        = secret("env:CLEVER_PASSWORD")
    sso_salt        = secret("env:CLEVER_SALT")
    log_drain     = true   # ERROR AG299
    abandon_after = "24h"  # ERROR AG299
  }
}
