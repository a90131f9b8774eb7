variable "xervo_password" {
  description = "What Xervo calls us with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:XERVO_PASSWORD") # unless addongw.vars.hcl sets xervo_password
}

variable "xervo_sso_salt" {
  description = "Signs what Xervo sends its users with; 35 characters or more."
  type        = string
  sensitive   = true
  default     = secret("env:XERVO_SSO_SALT") # unless addongw.vars.hcl sets xervo_sso_salt
}
