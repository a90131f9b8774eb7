variable "scalingo_password" {
  description = "What Scalingo calls us with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:SCALINGO_PASSWORD") # unless addongw.vars.hcl sets scalingo_password
}

variable "scalingo_sso_salt" {
  description = "Signs what Scalingo sends its users with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:SCALINGO_SSO_SALT") # unless addongw.vars.hcl sets scalingo_sso_salt
}
