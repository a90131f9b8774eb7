package nanobox

import (
	"time"

	"github.com/addongw/addongw/gateway/platform"
)

// meta is what GET /meta answers: every field of both documents, and two that
// published adapters have besides.
type meta struct {
	ID               string      `json:"id"`
	Name             string      `json:"name"`
	ServerNickName   string      `json:"server_nick_name"`
	DefaultRegion    string      `json:"default_region"`
	DefaultPlan      string      `json:"default_plan"`
	DefaultSize      string      `json:"default_size"`
	CanReboot        bool        `json:"can_reboot"`
	CanRename        bool        `json:"can_rename"`
	SSHAuthMethod    string      `json:"ssh_auth_method"`
	SSHKeyMethod     string      `json:"ssh_key_method"`
	SSHUser          string      `json:"ssh_user"`
	InternalIface    *string     `json:"internal_iface"`
	ExternalIface    *string     `json:"external_iface"`
	BootstrapScript  *string     `json:"bootstrap_script"`
	CredentialFields []metaField `json:"credential_fields"`
	Instructions     string      `json:"instructions"`

	BootstrapTimeout int    `json:"bootstrap_timeout,omitempty"`
	ShortName        string `json:"short_name,omitempty"`
}

type metaField struct {
	Key   string `json:"key"`
	Label string `json:"label"`
}

func newMeta(c platform.ProviderCommon, own settings) meta {
	m := meta{
		ID: c.ID, Name: own.name, ServerNickName: own.nickName, Instructions: own.instructions,
		DefaultRegion: own.defaults.region, DefaultPlan: own.defaults.plan, DefaultSize: own.defaults.size,
		CanReboot: own.canReboot, CanRename: own.canRename,
		SSHAuthMethod: own.ssh.authMethod, SSHKeyMethod: own.ssh.keyMethod, SSHUser: own.ssh.user,
		InternalIface: orNull(own.ssh.internalIface), ExternalIface: orNull(own.ssh.externalIface), BootstrapScript: orNull(own.ssh.bootstrapAt),
		CredentialFields: []metaField{}, // a client breaks where the list is missing
		BootstrapTimeout: int(own.bootstrapTimeout / time.Second), ShortName: own.shortName,
	}
	for _, f := range own.credentials {
		m.CredentialFields = append(m.CredentialFields, metaField{Key: f.key, Label: f.label})
	}
	return m
}

func orNull(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}
