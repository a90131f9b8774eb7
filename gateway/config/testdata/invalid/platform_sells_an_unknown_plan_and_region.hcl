addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password   = secret("env:CLEVER_PASSWORD")
    sso_salt   = secret("env:CLEVER_SSO_SALT")
    plans      = ["free", "hoby"] # ERROR AG302
    plan_names = { fre = "dev" } # ERROR AG302
    regions    = { eu = "europe" } # ERROR AG302
  }
}
