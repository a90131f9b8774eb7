addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password       = secret("env:CLEVER_PASSWORD")
    sso_salt       = secret("env:CLEVER_SSO_SALT")
    deadline       = "25ms" # ERROR AG213
    sso_window     = "5" # ERROR AG213
    sso_skew       = "16m" # ERROR AG213
    sso_single_use = "once" # ERROR AG305
  }
}
