# Platforms send less than there are names for. What would fail for some
# resource fails here.
backend "postgres" "second" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
    role      = "u_${resource.user_id}" # ERROR AG311
    comment   = try("for ${resource.owner.name}", "for somebody")
  }
}

addon "acme-db" {
  backend = backend.postgres.second

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  config_vars = {
    ACME_DB_ID      = "id ${resource.id} ${resource.short_id} ${resource.provider_id} ${resource.platform_id} ${resource.created_at}"
    ACME_DB_PLAN    = "at ${resource.plan} ${resource.region}"
    ACME_DB_MAIL    = resource.owner.email
    ACME_DB_OWNER   = "owner ${resource.owner.email}" # ERROR AG311
    ACME_DB_UPPER   = upper(resource.name)            # ERROR AG308
    ACME_DB_VERSION = resource.options.version        # ERROR AG302
    ACME_DB_ANY     = try(resource.options.version, "15")
    ACME_DB_NULL    = resource.owner.name == null ? "nobody" : "for ${resource.owner.name}"
  }

  messages {
    provision = "Ready, ${resource.owner.name}." # ERROR AG311
  }
}
