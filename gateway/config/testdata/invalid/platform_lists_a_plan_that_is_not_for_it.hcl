addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "large" {
    params = { connection_limit = 5 }
    platforms = []
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    plans    = ["free", "large"] # ERROR AG233
  }
}
