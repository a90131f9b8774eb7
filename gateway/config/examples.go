package config

// The examples of the language reference, one for each block.

const gatewayExample = `gateway {
  base_url         = "https://addons.example.com" # where platforms reach us
  listen           = "127.0.0.1:8080"             # behind a reverse proxy with TLS
  required_version = ">= 0.1"
  drain            = "1m"

  log {
    format = "json"
  }
}
`

const adminExample = `admin {
  listen = "unix:/run/addongw/admin.sock"
}
`

const logExample = `log {
  format = "json"
  level  = "warn"
}
`

const storeExample = `store "sqlite" {
  path = "/var/lib/addongw/addongw.db"
}
`

const keyringExample = `keyring {
  key "2026-11" {
    value   = secret("run:keyring_2026_11")
    primary = true # seals what is new
  }

  key "2025-11" {
    value = secret("run:keyring_2025_11") # still opens what it sealed
  }
}
`

const keyExample = `key "2026-11" {
  value   = secret("run:keyring_2026_11")
  primary = true
}
`

const secretsExample = `secrets "file" "run" {
  directory = "/run/secrets/addongw" # secret("run:NAME") reads the file NAME in it
}
`

const variableExample = `variable "db_hosts" {
  description = "Public host name of the database server of each region."
  type        = map(string)
  default = {
    eu = "db.eu.example.com"
    us = "db.us.example.com"
  }

  validation {
    condition = length(var.db_hosts) > 0
    message   = "Name one host at least."
  }
}
`

const validationExample = `validation {
  condition = var.replicas <= 3
  message   = "We have three machines."
}
`

const includeExample = `include "../team-redis" {} # all its *.hcl files, as if they stood here
`

const localsExample = `locals {
  sizes = [
    { id = "hobby", price = 0, connections = 5 },
    { id = "standard", price = 15, connections = 50 },
  ]
  domain = "example.com"
  host   = "db.${local.domain}"
}
`

const backendExample = `backend "postgres" "main" {
  version     = "~> 1.0"
  concurrency = 8

  timeouts {
    provision = "30s"
  }

  config {
    admin_url = secret("env:ADMIN_URL")
    database  = "acme_${resource.short_id}"
  }
}
`

const timeoutsExample = `timeouts {
  provision   = "30s"
  change_plan = "30s"
  deprovision = "5m"
  suspend     = "30s"
  resume      = "30s"
  read        = "10s"
}
`

const retryExample = `retry {
  attempts    = 10
  min_backoff = "1s"
  max_backoff = "5m"
}
`

const configExample = `config {
  admin_url = secret("env:ADMIN_URL")     # read with the files
  database  = "acme_${resource.short_id}" # live: evaluated for each operation
}
`

const addonExample = `addon "acme-db" {
  name        = "Acme Postgres"
  summary     = "A PostgreSQL database in seconds"
  description = "A PostgreSQL database of your own, with a backup every night."
  support     = "support@example.com"
  tags        = ["database", "sql"]
  backend     = backend.postgres.main

  region "eu" {
    title = "Europe"
  }

  plan "hobby" {
    params = { connection_limit = 5 }
  }

  plan "standard" {
    price  = 15
    params = { connection_limit = 50 }
  }

  config_vars = {
    ACME_DB_URL      = "postgres://${output.username}:${urlencode(output.password)}@${output.host}:${output.port}/${output.database}"
    ACME_DB_POOL_MAX = floor(plan.params.connection_limit * 0.8)
  }

  messages {
    provision = "Your database ${output.database} is ready."
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
`

const messagesExample = `messages {
  provision   = "Your database ${output.database} is ready."
  change_plan = "You now have up to ${plan.params.connection_limit} connections."
  deprovision = "Your database is being removed."
  suspend     = "Your database is locked, and nothing of it is lost."
  resume      = "Your database ${output.database} can be used again."
}
`

const regionExample = `region "eu" {
  title   = "Europe (Paris)"
  default = true
  data    = { host = "db.eu.example.com" }
}
`

const planExample = `plan "size" {
  for_each    = local.sizes # one plan for each element; a list keeps its order
  id          = each.value.id
  name        = title(each.value.id)
  description = "Up to ${each.value.connections} connections."
  price       = each.value.price
  params      = { connection_limit = each.value.connections }
  features    = ["${each.value.connections} connections", "Daily backup"]
}
`

const platformExample = `platform "clevercloud" {
  password   = secret("env:CLEVER_PASSWORD")
  sso_salt   = secret("env:CLEVER_SSO_SALT")
  regions    = { eu = "eu" } # their name = ours
  plans      = ["hobby", "standard"]
  plan_names = { hobby = "dev" }

  config_vars = {
    ACME_DB_REGION = region.id # on this platform only
  }
}
`

const testExample = `test {
  base_url = "https://staging.example.com/clevercloud/acme-db"
}
`

const deprecatedExample = `deprecated {
  since       = "2026-11-30"
  until       = "2027-06-30"
  replacement = "standard"
  message     = "The free plan is no longer offered. Please choose Standard."
}
`

const optionExample = `option "language" {
  values      = ["en", "fr", "de"]
  default     = "en"
  description = "The language of the welcome mail."
}
`

const validateExample = `validate "contact" {
  condition = request.owner.email != null || plan.id == "hobby"
  message   = "The plan ${plan.name} needs an e-mail address that we can write to."
}
`

const quotaExample = `quota {
  resources           = 500                                           # we have room for so many
  resources_per_owner = request.platform == "clevercloud" ? 10 : null # others: no bound
  per_plan            = { hobby = 100 }
}
`

const planChangeExample = `plan_change {
  from   = ["standard"]
  to     = ["hobby"]
  allow  = output.storage_mb <= plan.limits.storage_mb # plan is the one that is asked for
  reason = "Your data (${output.storage_mb} MB) does not fit in ${plan.name} (${plan.limits.storage_mb} MB)."
}
`

const ssoExample = `sso {
  redirect     = "https://app.example.com/partner?account=${output.username}&token=${sso.token}"
  token_secret = secret("env:SSO_TOKEN_SECRET") # your page checks the token with it
  max_age      = "2m"
}
`

const providerExample = `provider "nanobox" "acme" {
  name         = "Acme Cloud"
  instructions = "Create a token under <em>Settings</em> and paste it here."
  backend      = backend.shell.servers # where the actions are
  path         = "/nanobox/acme"

  default {
    region = "fra"
    plan   = "standard"
    size   = "std-1"
  }
}
`
