addon "acme-db" { # ERROR AG204

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    backend = backend.postgres.main
  }

  plan "large" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
