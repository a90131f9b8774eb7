package nanobox

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// metadata is what the tester itself needs of a provider's metadata. Members of
// other types are as good as missing: checks tell.
type metadata struct {
	DefaultRegion    any `json:"default_region"`
	DefaultSize      any `json:"default_size"`
	CanReboot        any `json:"can_reboot"`
	CanRename        any `json:"can_rename"`
	SSHAuthMethod    any `json:"ssh_auth_method"`
	SSHKeyMethod     any `json:"ssh_key_method"`
	InternalIface    any `json:"internal_iface"`
	ExternalIface    any `json:"external_iface"`
	CredentialFields any `json:"credential_fields"`
}

// Discover reads metadata and catalog. Orders are of the default size in the
// default region.
func (Platform) Discover(ctx context.Context, p conformance.Provider, timeout time.Duration) conformance.Provider {
	sender := conformance.NewSender(p, timeout)
	defer sender.Close()
	call, err := sender.Send(ctx, NewClient(p).Meta())
	var m metadata
	if err != nil || json.Unmarshal(call.Answer.Body, &m) != nil {
		return p
	}
	p.Known = map[string]string{}
	p.Credentials = credentials(m.CredentialFields)
	for name, value := range map[string]any{"region": m.DefaultRegion, "size": m.DefaultSize} {
		if text, _ := value.(string); text != "" {
			p.Known[name] = text
		}
	}
	password := m.SSHAuthMethod == "password"
	reference := !password && m.SSHKeyMethod != "object"
	p.Known[either(password, "password_mode", "key_mode")] = "true"
	p.Known[either(reference, "key_reference", "no_key_reference")] = "true"
	p.Known[either(m.CanReboot == true, "can_reboot", "no_can_reboot")] = "true"
	p.Known[either(m.CanRename == true, "can_rename", "no_can_rename")] = "true"
	if m.InternalIface != nil && m.ExternalIface == nil {
		p.Known["one_interface"] = "true"
	}
	if call, err = sender.Send(ctx, NewClient(p).Catalog()); err == nil {
		if size := elsewhere(call.Answer.Body, cmp.Or(p.Region, p.Known["region"])); size != "" {
			p.Known["size_elsewhere"] = size
		}
	}
	return p
}

func either(yes bool, a, b string) string {
	if yes {
		return a
	}
	return b
}

// credentials are those that metadata names.
func credentials(fields any) (list []conformance.Credential) {
	named, _ := fields.([]any)
	for _, field := range named {
		object, _ := field.(map[string]any)
		if key, _ := object["key"].(string); key != "" {
			list = append(list, conformance.Credential{Key: key, Header: Header(key)})
		}
	}
	return list
}

// elsewhere is a size that other regions have and this one has not; empty: there
// is none.
func elsewhere(catalog []byte, region string) (size string) {
	here := map[string]bool{}
	regions, err := readCatalog(catalog)
	if err != nil {
		return ""
	}
	for _, inside := range []bool{true, false} {
		for _, r := range regions {
			for _, s := range r.sizes() {
				id, isText := s.ID.(string)
				switch {
				case !isText || id == "" || (r.ID == region) != inside:
				case inside:
					here[id] = true
				case !here[id] && size == "":
					size = id
				}
			}
		}
	}
	return size
}
