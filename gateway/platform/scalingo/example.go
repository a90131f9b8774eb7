package scalingo

// example is a platform block with the settings that only Scalingo has.
const example = `platform "scalingo" {
  password             = secret("env:SCALINGO_PASSWORD")
  sso_salt             = secret("env:SCALINGO_SSO_SALT")
  api_url              = "https://api.osc-secnum-fr1.scalingo.com"
  api_id               = "resource"
  sso_failure_redirect = "https://www.example.com/help"
}
`
