addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
    limits = { storage_mb = 100 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
    limits = { storage_mb = 5000 }
  }

  option "version" {}

  option "contact" {
    required = true
  }

  option "locale" {
    default = "C"
  }

  config_vars = {
    ACME_DB_VERSION = "v${resource.options.version}" # ERROR AG311
    ACME_DB_CONTACT = "for ${resource.options.contact} in ${resource.options.locale}"
  }

  validate "version" {
    condition = strlen(request.options.version) < 5 # ERROR AG308
    message   = "Version ${request.options.version} is not offered." # ERROR AG311
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
