  platform "xervo" {
{{- if ne .Addon .Slug}}
    id       = "{{.Slug}}" # no dashes there
{{- end}}
    password = var.xervo_password
    sso_salt = var.xervo_sso_salt
  }
