package nanobox

// The examples of the blocks, as an operator could write them.
const (
	exampleProvider = `provider "nanobox" "acme" {
  name             = "Acme Cloud"
  server_nick_name = "Box"
  backend          = backend.shell.servers
  instructions     = "Create a token under <em>Settings</em> and paste it here."

  credential "access-token" {
    label = "Access token"
  }

  default {
    region = "fra"
    plan   = "standard"
    size   = "std-1"
  }

  region "fra" {
    name = "Frankfurt"
  }

  plan "standard" {
    name = "Standard"

    spec "std-1" {
      ram            = 2048 # MB
      cpu            = 1
      disk           = 40 # GB
      transfer       = 2  # TB
      dollars_per_mo = 6
    }
  }
}
`
	exampleSSH = `ssh {
  auth_method    = "key"
  key_method     = "reference"
  user           = "root"
  internal_iface = "eth1"
  external_iface = "eth0"
}
`
	exampleCredential = `credential "access-token" {
  label    = "Access token"
  identity = true
}
`
	exampleVerify = `verify {
  accept "access-token" {
    sha256 = ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"]
  }
}
`
	exampleAccept = `accept "access-token" {
  value = secret("env:ACCESS_TOKEN")
}
`
	exampleDefault = `default {
  region = "fra"
  plan   = "standard"
  size   = "std-1"
}
`
	exampleRegion = `region "fra" {
  name  = "Frankfurt"
  plans = ["standard"]
}
`
	examplePlan = `plan "standard" {
  name = "Standard"

  spec "std-1" {
    ram            = 2048
    cpu            = 1
    disk           = 40
    transfer       = "unlimited"
    dollars_per_hr = 0.009
    dollars_per_mo = 6
  }
}
`
	exampleSpec = `spec "std" {
  for_each = [
    { id = "std-1", gb = 2, price = 5.5 },
    { id = "std-2", gb = 4, price = 10 },
    { id = "std-3", gb = 8, price = 19 },
  ]
  id           = each.value.id
  ram          = 1024 * each.value.gb
  cpu          = each.value.gb / 4
  disk         = 20 * each.value.gb
  transfer     = 2
  price_per_mo = each.value.price # in the provider's currency
}
`
	exampleCatalog = `catalog {
  source      = "backend"
  refresh     = "6h"
  credentials = { access-token = secret("env:CATALOG_TOKEN") }
}
`
	exampleServer = `server {
  state       = "gateway"
  capacity    = 40
  dedupe      = "10m"
  ready       = ["internal_ip", "external_ip"]
  status_map  = { running = "active", stopped = "off" }
  vendor_name = replace(resource.name, ".", "-")
}
`
	exampleCompat = `compat {
  query_status = 200
}
`
)
