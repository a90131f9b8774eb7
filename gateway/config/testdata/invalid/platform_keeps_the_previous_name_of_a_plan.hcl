addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "small" {
    params = { connection_limit = 5 }
    previously = ["free"] # WARNING AG231
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
