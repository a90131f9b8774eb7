backend "postgres" "second" {
  config {
    admin_ulr = "postgres://x" # ERROR AG202
    admin_url = "postgres://x"
  }
}

# What a plan must have may depend on what is wrong above. What there is can be
# judged all the same.
addon "acme-db" {
  backend = backend.postgres.second

  region "eu" {}

  plan "free" {
  }

  plan "big" {
    params = { connection_limit = "many" } # ERROR AG305
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
