package nanobox

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// refPattern is what a backend's own id must be: it stands in paths.
var refPattern = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,128}$`)

// goodRef leaves out the two names that paths give a meaning to.
func goodRef(ref string) bool { return refPattern.MatchString(ref) && ref != "." && ref != ".." }

// outputs are members of what an action answered that are text; null is as
// good as absent.
type outputs struct {
	Ref        *string `json:"ref"`
	Status     *string `json:"status"`
	ExternalIP *string `json:"external_ip"`
	InternalIP *string `json:"internal_ip"`
	Password   *string `json:"password"`
	Name       *string `json:"name"`
	PublicKey  *string `json:"public_key"`
	Account    *string `json:"account"`
}

// read names a member at fault, never its value. Most actions have nothing to
// tell; none is as good as an empty object.
func read(answer json.RawMessage) (outputs, error) {
	var members map[string]json.RawMessage
	if len(answer) > 0 && json.Unmarshal(answer, &members) != nil {
		return outputs{}, errors.New("the answer is no object")
	}
	var o outputs
	for name, into := range map[string]**string{
		"ref": &o.Ref, "status": &o.Status, "external_ip": &o.ExternalIP, "internal_ip": &o.InternalIP,
		"password": &o.Password, "name": &o.Name, "public_key": &o.PublicKey, "account": &o.Account,
	} {
		if raw, told := members[name]; told && json.Unmarshal(raw, into) != nil {
			return outputs{}, fmt.Errorf("%q must be text", name)
		}
	}
	return o, nil
}

// refIn is the ref of an answer whose other members may be wrong; "" where it is
// wrong too.
func refIn(answer json.RawMessage) string {
	var members map[string]json.RawMessage
	var ref string
	if json.Unmarshal(answer, &members) != nil || json.Unmarshal(members["ref"], &ref) != nil || !goodRef(ref) {
		return ""
	}
	return ref
}

func textIn(p *string) string {
	if p == nil {
		return ""
	}
	return *p
}

// Judge reports what is wrong with an action's answer.
func (p *provider) Judge(action string, answer json.RawMessage) error {
	if action == gateway.ActionCatalog {
		_, _, err := readCatalog(answer)
		return err
	}
	o, err := read(answer)
	if err != nil {
		return err
	}
	if err := o.plain(); err != nil {
		return err
	}
	switch action {
	case gateway.ActionCreateServer:
		return p.judgeServer(o)
	case gateway.ActionCreateKey:
		if o.Ref == nil && p.own.server.backend {
			return errors.New(`"ref" is missing`)
		}
	case gateway.ActionGetKey:
		if _, err := publicKey(textIn(o.PublicKey)); err != nil {
			return errors.New(`"public_key" must be a public key`)
		}
	}
	return nil
}

// plain looks at the form of every member.
func (o outputs) plain() error {
	if o.Ref != nil && !goodRef(*o.Ref) {
		return errors.New(`"ref" must be 1 to 128 letters, digits and . _ : -`)
	}
	for name, address := range map[string]string{"external_ip": textIn(o.ExternalIP), "internal_ip": textIn(o.InternalIP)} {
		if _, err := netip.ParseAddr(address); address != "" && err != nil {
			return fmt.Errorf("%q must be an IP address", name)
		}
	}
	for name, text := range map[string]string{"name": textIn(o.Name), "password": textIn(o.Password), "status": textIn(o.Status), "account": textIn(o.Account)} {
		if strings.ContainsFunc(text, unicode.IsControl) {
			return fmt.Errorf("%q holds a control character", name)
		}
	}
	return nil
}

// judgeServer demands what nobody could ask for later.
func (p *provider) judgeServer(o outputs) error {
	if o.Ref == nil && p.own.server.backend {
		return errors.New(`"ref" is missing: with state = "backend" it is the server's id`)
	}
	if p.common.Can(gateway.ActionGetServer) {
		return nil
	}
	if word, ours, _ := p.mapped(textIn(o.Status)); ours != statusActive {
		return fmt.Errorf("\"status\" is %s, which is not active, and the backend has no action get_server that could tell another word later: if the server can be used, map it with status_map", word)
	}
	if lacking := p.unready(p.judged(o.seen(statusActive))); len(lacking) > 0 {
		return fmt.Errorf("%q is missing: the backend has no action get_server that could tell it later", lacking[0])
	}
	return nil
}

// seen is a server as the backend shows it.
func (o outputs) seen(status string) seen {
	v := seen{status: status, name: textIn(o.Name), externalIP: textIn(o.ExternalIP), internalIP: textIn(o.InternalIP)}
	if o.Password != nil {
		v.password = secret.New(*o.Password)
	}
	return v
}
