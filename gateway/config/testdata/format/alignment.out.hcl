backend "postgres" "main" {
  version = "~> 1.0"
  timeouts { provision = "20s" }
  config {
    admin_url  = secret("env:PG_URL")
    database   = "acme_${resource.short_id}"
    extensions = ["pgcrypto"]
  }
}
