# {{.Name}}: servers that the users of Nanobox can rent.
#
# Try it without changing a thing:   addongw dev

gateway {
  base_url = "https://servers.example.com" # where the platform reaches you
}

# Who has rented what. One file, made at the first start.
store "sqlite" {
  path = "addongw.db"
}

# Secrets: the values are in addongw.vars.hcl, or else in the environment.
variable "access_token" {
  description = "What you give to your users, and they fill in."
  type        = string
  sensitive   = true
  default     = secret("env:ACCESS_TOKEN") # unless addongw.vars.hcl sets access_token
}

# A backend makes the real thing. This one has actions, each a script of that
# name: replace what they do by what your machines need. With a script reboot the
# dashboard has a button for it. spec/nanobox/actions.md of addongw says what each
# action gets and answers.
backend "shell" "main" {
  config {
    directory = "scripts"
    actions   = ["create_server", "get_server", "delete_server", "reboot", "rename"]
  }
}

provider "nanobox" "{{.Addon}}" {
  name             = "{{.Name}}"
  server_nick_name = "server"
  instructions     = "Ask us for a token, and paste it here."
  backend          = backend.shell.main

  ssh {
    user           = "root"
    internal_iface = "eth1"
    external_iface = "eth0"
  }

  # Who has the same token sees the same servers. With a token for each of your
  # users, write sha256 = [...] in place of value, or let an action verify judge.
  credential "access-token" {
    label    = "Access token"
    identity = true
  }

  verify {
    accept "access-token" {
      value = var.access_token
    }
  }

  # What is ordered where an order does not say.
  default {
    region = "eu"
    plan   = "standard"
    size   = "s1"
  }

  region "eu" {
    name = "Europe"
  }

  plan "standard" {
    name = "Standard"

    spec "s1" {
      ram            = 1024 # MB
      cpu            = 1
      disk           = 20 # GB
      transfer       = 1  # TB
      dollars_per_mo = 5
    }

    spec "s2" {
      ram            = 2048
      cpu            = 2
      disk           = 40
      transfer       = "unlimited"
      dollars_per_mo = 10
    }
  }

  server {
    capacity    = 10 # servers at once; one more is refused
    vendor_name = slug(resource.name, 63)
  }
}
