addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password        = secret("env:CLEVER_PASSWORD")
    sso_salt        = secret("env:CLEVER_SALT")
    abandon_after   = "24h" # ERROR AG299
    credentials     = 1 # ERROR AG299
  }
}
