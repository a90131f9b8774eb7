package clevercloud

// example is a platform block with the settings that only Clever Cloud has.
const example = `platform "clevercloud" {
  password   = secret("env:CLEVER_PASSWORD")
  sso_salt   = secret("env:CLEVER_SSO_SALT")
  regions    = { eu = "eu" } # their name = ours
  generation = "current"
  deadline   = "20s"
}
`
