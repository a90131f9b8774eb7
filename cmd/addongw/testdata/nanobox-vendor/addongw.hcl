# A cloud that knows everything itself: its own ids, who owns what, what it
# sells at the moment. One script stands for its API.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://cloud.example.com"
}

backend "shell" "cloud" {
  config {
    directory = "scripts"
    actions   = ["catalog", "verify", "create_server", "get_server", "delete_server", "reboot", "rename", "install_key"]
    env       = { DATA_DIR = env("VENDOR_DIR") }
  }
}

provider "nanobox" "cloud" {
  name             = "Cloud"
  server_nick_name = "machine"
  instructions     = "Create a token."
  backend          = backend.shell.cloud

  ssh {
    auth_method = "password"
  }

  credential "api_token" {
    label = "API token"
  }

  credential "zone" {
    label   = "Zone, if you have several"
    default = "main"
  }

  default {
    region = "fra"
    plan   = "standard"
    size   = "s1"
  }

  catalog {
    source      = "backend"
    refresh     = "1m"
    max_stale   = "1h"
    credentials = { api_token = secret("env:VENDOR_CATALOG_TOKEN") }
  }

  server {
    state      = "backend"
    status_map = { running = "active", booting = "creating" }
    ready      = ["internal_ip", "external_ip"]
  }

  compat {
    query_status = 200
  }
}
