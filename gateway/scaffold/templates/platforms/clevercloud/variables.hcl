variable "clevercloud_password" {
  description = "What Clever Cloud calls us with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:CLEVERCLOUD_PASSWORD") # unless addongw.vars.hcl sets clevercloud_password
}

variable "clevercloud_sso_salt" {
  description = "Signs what Clever Cloud sends its users with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:CLEVERCLOUD_SSO_SALT") # unless addongw.vars.hcl sets clevercloud_sso_salt
}
