# alone
gateway {
  base_url         = "https://addons.acme.example"
  required_version = ">= 2.0" # ERROR AG216
}

backend "postgres" "main" {
  config {
    admin_url = "postgres://x"
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
