# Nimbus: a cloud with an HTTP API of its own, rented to the users of Nanobox
# without a line of code. A small Nimbus to try it with is in cloud/.

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://nanobox.nimbus.example" # where the platform reaches us
}

store "sqlite" {
  path = "addongw.db"
}

variable "api" {
  description = "Where Nimbus's API is. The real one: https://api.nimbus.example/v1"
  type        = string
  default     = "http://127.0.0.1:9191/v1"
}

# This backend makes no add-ons: it has actions. Each is done with the token of
# whoever calls, so that everybody's servers are in their own account.
backend "http" "nimbus" {
  timeouts {
    invoke = "5m"
  }

  config {
    base_url           = var.api
    private_addresses  = true # Nimbus is on this machine: remove it for one elsewhere
    timeout            = "3s"
    idempotency_header = "" # Nimbus knows none: what was ordered is found by its label

    action "verify" {
      method  = "GET"
      path    = "/account"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      outputs = { account = response.body.account.id }
    }

    action "catalog" {
      method  = "GET"
      path    = "/offers"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      outputs = {
        regions = [for location in response.body.locations : {
          id   = location.slug
          name = location.title
          plans = [{
            id   = "standard"
            name = "Standard"
            specs = [for size in response.body.sizes : {
              id             = size.slug
              ram            = size.memory_mb
              cpu            = size.vcpus
              disk           = size.disk_gb
              transfer       = size.transfer_tb
              dollars_per_hr = size.hourly
              dollars_per_mo = size.monthly
            }]
          }]
        }]
      }
    }

    action "create_server" {
      path    = "/servers"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      body = {
        label    = resource.id
        name     = args.vendor_name
        location = args.region
        size     = args.size
        key      = args.ssh_key.ref
      }
      outputs = { ref = response.body.server.id, status = response.body.server.state }
      errors  = { "409" = "quota" }
      message = response.body.error
    }

    action "get_server" {
      method  = "GET"
      path    = "/servers/${args.ref}"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      outputs = {
        status      = response.body.server.state
        external_ip = response.body.server.public_ip
        internal_ip = response.body.server.private_ip
      }
    }

    action "reboot" {
      path    = "/servers/${args.ref}/reboot"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
    }

    action "rename" {
      method  = "PATCH"
      path    = "/servers/${args.ref}"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      body    = { name = args.vendor_name }
    }

    action "delete_server" {
      method  = "DELETE"
      path    = "/servers/${args.ref}"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
    }

    action "create_key" {
      path    = "/keys"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      body    = { label = resource.id, name = args.name, public_key = args.public_key }
      outputs = { ref = response.body.key.id }

      find {
        path    = "/keys"
        query   = { label = resource.id }
        headers = { Authorization = "Bearer ${credential["access-token"]}" }
        outputs = length(response.body.keys) == 0 ? null : { ref = response.body.keys[0].id }
      }
    }

    action "delete_key" {
      method  = "DELETE"
      path    = "/keys/${args.ref}"
      headers = { Authorization = "Bearer ${credential["access-token"]}" }

      find {
        path    = "/keys"
        query   = { label = resource.id }
        headers = { Authorization = "Bearer ${credential["access-token"]}" }
        outputs = length(response.body.keys) == 0 ? null : { ref = response.body.keys[0].id }
      }
    }

    # Where the answer to an order was lost, nobody knows the server's id: this
    # tells it, before anything is ordered again, and before it is removed.
    find {
      path    = "/servers"
      query   = { label = resource.id }
      headers = { Authorization = "Bearer ${credential["access-token"]}" }
      outputs = length(response.body.servers) == 0 ? null : {
        ref    = response.body.servers[0].id
        status = response.body.servers[0].state
      }
    }

    health {
      path = "/health"
    }
  }
}

provider "nanobox" "nimbus" {
  name             = "Nimbus"
  server_nick_name = "cloudlet"
  instructions     = "Create a token under <em>Account, API tokens</em> and paste it here."
  backend          = backend.http.nimbus

  ssh {
    auth_method    = "key"
    key_method     = "reference"
    user           = "root"
    internal_iface = "eth1"
    external_iface = "eth0"
  }

  # What users fill in. Every call of theirs brings it; it is never written down.
  # The action verify tells whose it is: every token of an account sees the same.
  credential "access-token" {
    label = "Access token"
  }

  default {
    region = "fra1"
    plan   = "standard"
    size   = "n1"
  }

  # What is sold is asked for.
  catalog {
    source      = "backend"
    refresh     = "6h"
    credentials = { access-token = secret("env:NIMBUS_CATALOG_TOKEN") }
  }

  server {
    vendor_name = slug(resource.name, 63)
    ready       = ["internal_ip", "external_ip"]
    status_map  = { new = "creating", running = "active", restarting = "rebooting" }
    dedupe      = "10m"
  }
}
