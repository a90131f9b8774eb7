# alone
variable "url" {
  default = null
}

gateway {
  base_url = var.url # ERROR AG209
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
