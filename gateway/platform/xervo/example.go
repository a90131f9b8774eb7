package xervo

// example is a platform block with the settings that only Xervo has.
const example = `platform "xervo" {
  id         = "acme_db" # no dashes there
  password   = secret("env:XERVO_PASSWORD")
  sso_salt   = secret("env:XERVO_SSO_SALT")
  regions    = { us-east-1 = "virginia" } # their name = ours
  gone_grace = "48h"
}
`
