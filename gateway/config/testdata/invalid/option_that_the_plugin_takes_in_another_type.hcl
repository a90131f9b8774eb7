backend "postgres" "picky" {
  plugin = "picky"
}

addon "acme-db" {
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

  option "locale" {
    type = bool
  }

  option "disk_mb" {
    type = string # ERROR AG305
  }

  option "tier" {
    values = ["1", "2"]
  }

  option "extensions" { # ERROR AG305
    required = true
  }

  option "token" {
    required = true
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
