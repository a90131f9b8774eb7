addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "large" { # WARNING AG232
    params = { connection_limit = 5 }
    regions = []
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
