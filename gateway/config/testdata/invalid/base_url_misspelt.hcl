# alone
gateway {
  baseurl = "https://addons.acme.example" # ERROR AG202
}

backend "postgres" "main" {
  config {
    adminurl = secret("env:PG_ADMIN_URL") # ERROR AG202
  }
}

addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limits = 5 } # ERROR AG202
  }
}
