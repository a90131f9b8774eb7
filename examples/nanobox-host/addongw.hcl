# Tinyhost: two people with one machine, who rent parts of it to the users of
# Nanobox. The real work, a folder for each box, is done by shell scripts.
#
# Try it without changing a thing:   addongw dev examples/nanobox-host

gateway {
  listen   = "127.0.0.1:8080"
  base_url = "https://boxes.example.com" # where the platform reaches us
}

store "sqlite" {
  path = "addongw.db"
}

# This backend makes no add-ons: it has actions, each a script of that name.
# What it can do decides what Nanobox is told: with reboot and rename here, the
# dashboard has buttons for them.
backend "shell" "host" {
  concurrency = 4

  timeouts {
    invoke = "5m" # one call of a script
  }

  config {
    directory = "scripts"
    actions   = ["create_server", "get_server", "delete_server", "reboot", "rename"]
    env       = { DATA_DIR = env("ADDONGW_HOST_DIR", "") } # empty: the folder data/ beside this file
  }
}

provider "nanobox" "tinyhost" {
  name             = "Tinyhost"
  server_nick_name = "box"
  instructions     = "Ask us for a token, <em>hello@tinyhost.example</em>, and paste it here."
  backend          = backend.shell.host

  ssh {
    auth_method    = "key"
    key_method     = "reference" # no script keeps keys, so the gateway does
    user           = "root"
    internal_iface = "eth1"
    external_iface = "eth0"
  }

  # What users fill in. Every call of theirs brings it; it is never written down.
  credential "access-token" {
    label    = "Access token"
    identity = true # who has the same token sees the same boxes
  }

  verify {
    accept "access-token" {
      value = secret("env:TINYHOST_TOKEN")
    }
  }

  default {
    region = "lyo1"
    plan   = "standard"
    size   = "b1"
  }

  region "lyo1" {
    name  = "Lyon 1"
    plans = ["standard"]
  }

  plan "standard" {
    name = "Standard boxes"

    spec "b1" {
      ram            = 1024 # MB
      cpu            = 1
      disk           = 20 # GB
      transfer       = 1
      dollars_per_hr = 0.007
      dollars_per_mo = 5
    }

    spec "b2" {
      ram            = 2048
      cpu            = 2
      disk           = 40
      transfer       = "unlimited"
      dollars_per_hr = 0.014
      dollars_per_mo = 10
    }
  }

  server {
    capacity    = 4     # boxes at once; one more is refused
    dedupe      = "10m" # the same order again, within that: the same box
    vendor_name = slug(resource.name, 63)
    ready       = ["internal_ip", "external_ip"]
  }
}
