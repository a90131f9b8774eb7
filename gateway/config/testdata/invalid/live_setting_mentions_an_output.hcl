backend "postgres" "second" {
  config {
    admin_url = "postgres://x"
    comment   = "of ${output.username}" # ERROR AG311
  }
}

addon "acme-db" {
  backend = backend.postgres.second

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
