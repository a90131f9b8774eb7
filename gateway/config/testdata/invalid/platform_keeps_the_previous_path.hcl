addon "acme-db" {
  backend = backend.postgres.main
  previously = ["acme-old"]

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" { # WARNING AG231
    id       = "acme-old"
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
