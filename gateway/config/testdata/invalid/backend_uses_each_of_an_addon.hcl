backend "postgres" "sized" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
    comment   = "size ${each.key}" # ERROR AG303
  }
}

addon "sized" {
  for_each = { small = 5 }
  id       = "acme-db-${each.key}"
  backend  = backend.postgres.sized

  region "eu" {}

  plan "free" {
    params = { connection_limit = each.value }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
