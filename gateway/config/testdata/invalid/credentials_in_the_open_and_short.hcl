addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = "short"                  # ERROR AG413 WARNING AG418
    sso_salt = secret("env:CLEVER_SALT")
  }
}
