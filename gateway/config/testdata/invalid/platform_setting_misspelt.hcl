addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    pasword    = secret("env:CLEVER_PASSWORD") # ERROR AG202
    sso_salt   = secret("env:CLEVER_SSO_SALT")
    generation = 5
    genration  = "both" # ERROR AG202
    branding   = "ours" # ERROR AG299
  }
}
