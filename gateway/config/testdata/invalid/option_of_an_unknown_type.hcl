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
    type = strng # ERROR AG213
  }

  option "sizes" {
    type = list(string) # ERROR AG213
  }

  option "count" {
    type = int # ERROR AG213
  }

  option "anything" {
    type = any # ERROR AG213
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
