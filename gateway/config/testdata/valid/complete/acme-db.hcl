addon "acme-db" {
  name        = "Acme Postgres"
  summary     = "A PostgreSQL database in seconds"
  description = file("README.md")
  logo        = "https://acme.example/logo-100.png"
  docs_url    = "https://acme.example/docs"
  currency    = "EUR"
  tags        = ["sql"]
  backend     = backend.postgres.main

  region "eu" {
    title = "Europe (Paris)"
    data  = { host = var.db_hosts["eu"] }
  }

  region "us" {
    title   = "United States (Virginia)"
    default = true
    data    = { host = var.db_hosts["us"] }
  }

  plan "size" {
    for_each    = local.sizes
    id          = each.value.id
    name        = title(each.value.id)
    description = "${each.value.connections} connections."
    price       = each.value.price
    params      = { connection_limit = each.value.connections, replica = each.value.id == "business" ? true : null }
    limits      = { storage_mb = each.value.connections * 20 }
    features    = ["fast", "safe"]
  }

  plan "legacy-small" {
    price  = 9
    params = { connection_limit = 20 }
  }

  config_vars = {
    ACME_DB_URL      = "postgres://${output.username}:${urlencode(output.password)}@${region.data.host}:${output.port}/${output.database}?sslmode=require"
    ACME_DB_HOST     = region.data.host
    ACME_DB_POOL_MAX = floor(plan.params.connection_limit * 0.8)
    ACME_DB_NOTE     = var.note
    ACME_DB_OWNER    = resource.owner.name == null ? null : upper(resource.owner.name)
    ACME_DB_DOCS     = "${addon.docs_url}#${join(",", addon.tags)}"
    ACME_DB_REPLICA  = plan.params.replica == null ? "no" : plan.params.replica
  }

  messages {
    provision = "${addon.name} ${plan.name} is ready in ${region.title}."
    suspend   = "Pay for ${addon.name} ${plan.name} to go on."
  }

  platform "clevercloud" {
    id         = "acme-postgres"
    username   = "clever"
    password   = secret("run:clever_password")
    sso_salt   = secret("run:clever_sso_salt")
    generation = "current"
    regions    = { eu = "eu", par = "eu" }
    plans      = ["standard", "hobby"]
    plan_names = { hobby = "dev" }

    config_vars = {
      ACME_DB_HOST   = null
      ACME_DB_REGION = region.id
    }

    test {
      base_url = "https://test.acme.example/clever"
    }
  }

  platform "othercloud" {
    password = secret("run:clever_password")
    sso_salt = secret("run:clever_sso_salt")
    path     = "/acme/pg/"
    sso_url  = "https://login.acme.example/sso"
  }
}

addon "files" {
  for_each = { small = 10, large = 1000 }
  id       = "acme-files-${each.key}"
  name     = "Acme Files ${each.key}"
  backend  = backend.shell.files

  region "eu" {}

  plan "one" {
    params = { quota_mb = each.value }
  }

  config_vars = {
    "ACME_DB_${upper(each.key)}_URL" = output.url
  }

  platform "clevercloud" {
    password = secret("run:clever_password")
    sso_salt = secret("run:clever_sso_salt")
  }
}
