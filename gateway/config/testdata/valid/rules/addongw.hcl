gateway {
  base_url = "https://addons.acme.example"
}

variable "closed" {
  type    = bool
  default = false
}

locals {
  limits = { free = 10, gone = null }
}

backend "postgres" "main" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
    database  = "acme_${resource.short_id}"
    role      = "u_${resource.short_id}"
    comment   = "version ${resource.options.version}"
  }
}

# All that the request phase has, in one add-on.
addon "acme-db" {
  name    = "Acme Postgres"
  backend = backend.postgres.main

  region "eu" {
    data = { capacity = 50 }
  }

  region "us" {
    data = {}
  }

  plan "free" {
    params = { connection_limit = 5 }
    limits = { storage_mb = 100 }
  }

  plan "standard" {
    params = { connection_limit = 50 }
    limits = { storage_mb = 5000 }
  }

  plan "business" {
    params = { connection_limit = 200, replica = true }
    limits = { storage_mb = 50000 }
  }

  option "version" {
    type        = number
    default     = 16
    values      = [15, 16]
    description = "The major version of PostgreSQL."
  }

  option "locale" {
    values  = ["C", "fr_FR", "de_DE"]
    default = "fr_FR"
  }

  option "contact" {
    required = true
  }

  option "backups" {
    type = bool
  }

  option "spare-disk" {
    type = number
  }

  config_vars = {
    ACME_DB_VERSION = resource.options.version
    ACME_DB_CONTACT = "for ${resource.options.contact}"
    ACME_DB_BACKUPS = resource.options.backups == null ? "maybe" : tostring(resource.options.backups)
    ACME_DB_SPARE   = resource.options.spare-disk
  }

  validate "open" {
    condition = !var.closed
    message   = "We take no orders at the moment."
  }

  validate "contact" {
    condition = can(regex("@", request.options.contact))
    message   = "The contact \"${request.options.contact}\" is no address."
    status    = 400
  }

  validate "region" {
    condition = contains(addon.regions, request.region) && request.region == region.id && request.plan == plan.id
    message   = "Choose one of ${join(", ", addon.regions)}."
  }

  validate "owner" {
    condition = request.owner.name == null || strlen(request.owner.name) < 20
    message   = "The name of ${request.owner.name == null ? "somebody" : request.owner.name} is too long."
    status    = 409
  }

  validate "only-grown" {
    condition = request.verb == "provision" || current.limits.storage_mb < plan.limits.storage_mb || plan.id == "free"
    message   = "On ${request.platform} nobody goes from ${try(current.name, "nothing")} to ${plan.name}."
  }

  validate "filled" {
    condition = request.verb == "change_plan" ? output.username != "forbidden" : request.name != "forbidden"
    message   = "This one is not for ${platform.id}."
  }

  quota {
    resources           = try(region.data.capacity, null)
    resources_per_owner = request.owner.name == "Zoë" ? 20 : 2

    per_plan = {
      free     = request.platform == "clevercloud" ? local.limits.free : 0
      business = local.limits.gone
    }
  }

  plan_change {
    from  = ["free"]
    allow = true
  }

  plan_change {
    to     = ["free"]
    allow  = output.storage_mb < plan.limits.storage_mb
    reason = "Your data (${output.storage_mb} MB) does not fit in ${plan.name} (${plan.limits.storage_mb} MB)."
  }

  plan_change {
    from   = ["business"]
    to     = ["standard"]
    allow  = output.database != "locked" && current.params.replica
    reason = "${current.name} stays as it is."
    mode   = "sync"
  }

  plan_change {
    allow  = output.database == null ? false : request.options.version > 15
    reason = "Version ${request.options.version} is too old for ${plan.name}."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    plans    = ["free", "standard"]
  }

  platform "othercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

# Numbers for plans may be computed, and there need be no options.
addon "acme-queue" {
  backend = backend.postgres.second

  region "eu" {}

  plan "size" {
    for_each = ["one", "two"]
    id       = each.value
    params   = { connection_limit = 5 }
  }

  quota {
    per_plan = { for p in ["one", "two"] : p => length(p) }
  }

  validate "shape" {
    condition = length(keys(request.options)) == 0
    message   = "There are no options."
  }

  platform "othercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}

backend "postgres" "second" {
  config {
    admin_url = secret("env:PG_ADMIN_URL")
  }
}
