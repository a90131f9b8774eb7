# Acme Redis on two marketplaces: a server of their own for each customer, on one machine.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://addons.acme.example"
}

store "sqlite" {
  path = "addongw.db"
}

variable "local" {
  description = "Servers for nobody but this machine, to try this out."
  type        = bool
  default     = false
}

backend "redis" "main" {
  config {
    # Data, and the runner that keeps the servers alive.
    directory = var.local ? "redis" : "/var/lib/addongw/redis"

    # What customers connect to: a port for each, open in the firewall.
    host       = var.local ? "127.0.0.1" : "redis.acme.example"
    bind       = var.local ? ["127.0.0.1"] : ["0.0.0.0"]
    port_range = "7000-7999"

    # Passwords and data should not cross the internet as they are. User redis
    # must be able to read both files:
    # tls_cert_file = "/etc/redis/tls/fullchain.pem"
    # tls_key_file  = "/etc/redis/tls/privkey.pem"

    # A week to think again: keep the data of who leaves.
    # drop_policy = "keep-7d"
  }
}

addon "acme-redis" {
  name        = "Acme Redis"
  summary     = "A Redis server in a moment."
  description = "A Redis server of your own, on disk every second."
  logo        = "https://acme.example/logo-100.png"
  support     = "support@acme.example"
  currency    = "EUR"
  backend     = backend.redis.main

  region "eu" {
    title = "Europe (Paris)"
  }

  plan "mini" {
    description = "32 MB, 20 connections."
    price       = 0
    params      = { memory_mb = 32, max_clients = 20 }
  }

  plan "standard" {
    description = "256 MB, 200 connections."
    price       = 15
    params      = { memory_mb = 256, max_clients = 200 }
  }

  plan "cache" {
    description = "1 GB that forgets what was not used for longest, 500 connections."
    price       = 30
    params      = { memory_mb = 1024, max_clients = 500, maxmemory_policy = "allkeys-lru" }
  }

  # Clever Cloud wants every name to begin with the add-on's id in capitals.
  # With tls_cert_file the scheme is rediss.
  config_vars = {
    ACME_REDIS_URL = "redis://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}"
  }

  messages {
    provision = "Your Redis server is ready."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    regions  = { eu = "eu" } # their name = ours
  }

  platform "scalingo" {
    password = secret("env:SCALINGO_PASSWORD")
    sso_salt = secret("env:SCALINGO_SSO_SALT")
  }
}
