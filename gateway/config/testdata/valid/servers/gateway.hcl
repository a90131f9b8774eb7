gateway {
  base_url = "https://addons.acme.example"
}

backend "postgres" "main" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
    database  = "acme_${resource.short_id}"
    role      = "u_${resource.short_id}"
  }
}
