backend "postgres" "picky" {
  plugin = "picky"
}

addon "acme-db" { # ERROR AG204
  backend = backend.postgres.picky

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    limits = { storage_mb = 100 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
    limits = { storage_mb = 5000 }
  }

  option "extensions" { # ERROR AG204 ERROR AG305
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
