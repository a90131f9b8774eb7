addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    limits = { storage_mb = 100 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
    limits = { storage_mb = 5000 }
  }

  validate "region" {
    condition = requst.region == "eu" # ERROR AG301
    message   = "Not in ${request.regoin}." # ERROR AG302
  }

  validate "hidden" {
    condition = request.owner.name == "x" && request.ownr.name == "y" # ERROR AG302
    message   = request.name == "x" ? upcase("a") : "b" # ERROR AG307
  }

  validate "deeper" {
    condition = request.owner.nam != null || upper("a", "b") == "A" # ERROR AG302 ERROR AG308
    message   = "No."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
