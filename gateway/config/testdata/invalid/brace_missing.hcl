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
#-- broken.hcl --
addon "acme-cache" { # ERROR AG203
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }

  platform "clevercloud" {
    password = "x"
  }
}
#-- third.hcl --
backend "postgres" "second" {
  plugn = "postgres" # ERROR AG202
  config {
    admin_url = "postgres://x"
  }
}
