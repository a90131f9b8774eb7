# {{.Name}}: a Redis server of their own for each customer, on one machine.
#
# Try it here, where redis-server is installed:   addongw dev

gateway {
  base_url = "https://addons.example.com" # where the platform reaches you
}

# What was sold to whom. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

variable "local" {
  description = "Servers for nobody but this machine, to try this out."
  type        = bool
  default     = false # unless addongw.vars.hcl sets local
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
{{.Variables}}
# All of it, and how servers survive a restart of the gateway, is described in
# https://github.com/addongw/addongw/tree/main/plugins/redis
backend "redis" "main" {
  config {
    # Data, and the runner that keeps the servers alive.
    directory = var.local ? "data" : "/var/lib/addongw/redis"

    # What customers connect to: a port for each, open in the firewall.
    host       = var.local ? "127.0.0.1" : "redis.example.com"
    bind       = var.local ? ["127.0.0.1"] : ["0.0.0.0"]
    port_range = "7000-7999"

    # Passwords and data should not cross the internet as they are. User redis
    # must be able to read both files; then the scheme below is rediss.
    # tls_cert_file = "/etc/redis/tls/fullchain.pem"
    # tls_key_file  = "/etc/redis/tls/privkey.pem"
  }
}

addon "{{.Addon}}" {
  name        = "{{.Name}}"
  summary     = "A Redis server in a moment"
  description = "A Redis server of your own, on disk every second."
  backend     = backend.redis.main

  region "eu" {
    title = "Europe"
  }

  # Customers see plans in this order. Prices are in EUR per 30 days.
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

  # What the customer's application finds in its environment. Every template is
  # checked before the gateway starts, for every plan, region and platform.
  config_vars = {
    {{.Prefix}}_URL = "redis://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}"
  }

{{.Platforms -}}
}
