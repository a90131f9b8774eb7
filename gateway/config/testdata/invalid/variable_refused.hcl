variable "size" {
  type    = number
  default = 0

  validation {
    condition = var.size > 0 # ERROR AG214
    message   = "The size must be above zero."
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
