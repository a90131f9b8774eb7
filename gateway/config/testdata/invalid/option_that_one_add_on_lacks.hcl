# Both add-ons use the backend, so both need what its settings mention.
backend "postgres" "shared" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
    role      = "u_${resource.options.tenant}" # ERROR AG302
  }
}

addon "acme-db" {
  backend = backend.postgres.shared

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  option "tenant" {
    required = true
  }
}

addon "acme-queue" {
  backend = backend.postgres.shared

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }
}
