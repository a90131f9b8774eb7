addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  region "us" {}

  plan "free" {
    params = { connection_limit = 5 }
    regions = ["eu"]
  }

  plan "large" { # WARNING AG232
    params = { connection_limit = 5 }
    regions = ["us"]
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" }
  }
}
