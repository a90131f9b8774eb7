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

  option "size" {
    values = "small" # ERROR AG305
  }

  option "shape" {
    values = [] # ERROR AG213
  }

  option "count" {
    type   = number
    values = [1, "two", 1, null] # ERROR AG305 ERROR AG207 ERROR AG209
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
